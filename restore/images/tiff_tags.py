"""EXIF in TIFF files, where it lies among the tags of the image itself."""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from restore.images.exif import PREFIX
from restore.quiet import decoders_quiet

HEAD = b"II*\0\x08\0\0\0"
DESCRIPTION, SOFTWARE, EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD = 270, 305, 34665, 34853, 40965
TEXTS = (DESCRIPTION, 271, 272, SOFTWARE, 306, 315, 316, 33432)
"""Description, make, model, software, date, artist, host computer, copyright."""
MACHINE_TEXTS = (b'{"shape"', b"shape=", b"ImageJ=", b"<?xml", b"<OME")
"""Descriptions by which programs, not people, find the planes of the file: they do not hold for another."""
BYTES = (40091, 40092, 40093, 40094, 40095)
"""Title, comment, author, keywords and subject, as Windows writes them."""
FAILURES = (
    struct.error,
    ValueError,
    TypeError,
    KeyError,
    OSError,
    SyntaxError,
    OverflowError,
    AssertionError,
)


@dataclass(frozen=True)
class Tags:
    """What a TIFF structure says about a picture, without what it says about the coding of its samples."""

    main: dict[int, bytes] = field(default_factory=dict)
    exif: dict[int, Any] = field(default_factory=dict)
    gps: dict[int, Any] = field(default_factory=dict)


def read_tags(tiff: bytes) -> Tags:
    """Read a TIFF file, or an EXIF block without its prefix. What cannot be read is left out."""
    head = tiff[: 16 if tiff[2:4] in (b"+\0", b"\0+") else 8]
    try:
        with decoders_quiet():
            main = _directory(tiff, head, None, None)
            told = {tag: main[tag] for tag in (*TEXTS, *BYTES) if isinstance(main.get(tag), bytes)}
            exif = _writable(_directory(tiff, head, main.get(EXIF_IFD), EXIF_IFD), EXIF_IFD)
            gps = _writable(_directory(tiff, head, main.get(GPS_IFD), GPS_IFD), GPS_IFD)
    except FAILURES:
        return Tags()
    if told.get(DESCRIPTION, b"").startswith(MACHINE_TEXTS):
        del told[DESCRIPTION]
    exif.pop(INTEROPERABILITY_IFD, None)
    return Tags(told, exif, gps)


def exif_block(tags: Tags) -> bytes | None:
    """Return the tags as an EXIF block, or None if there are none."""
    if not (tags.main or tags.exif or tags.gps):
        return None
    directory = ImageFileDirectory_v2(HEAD)
    try:
        with decoders_quiet():
            for tag, value in tags.main.items():
                directory[tag] = value
            for tag, values in ((EXIF_IFD, tags.exif), (GPS_IFD, tags.gps)):
                if values:
                    directory[tag] = values
            return PREFIX + HEAD + directory.tobytes(8)
    except FAILURES:
        return None


def append_directories(file: BinaryIO, places: dict[int, int], tags: Tags) -> None:
    """Write the EXIF and GPS directories at the end of a little-endian TIFF.

    Args:
        file: open for reading and writing.
        places: offset, by tag, of the entry in the file that is to point to the directory.
        tags: what to write.
    """
    for tag, values in ((EXIF_IFD, tags.exif), (GPS_IFD, tags.gps)):
        if not values:
            continue
        directory = ImageFileDirectory_v2(HEAD, group=tag)
        with decoders_quiet():
            for inner, value in values.items():
                directory[inner] = value
        file.seek(0, io.SEEK_END)
        start = file.tell() + file.tell() % 2
        file.write(bytes(start - file.tell()) + directory.tobytes(start))
        file.seek(places[tag])
        file.write(struct.pack("<HHLL", tag, 4, 1, start))


def _directory(tiff: bytes, head: bytes, start: Any, group: int | None) -> dict[int, Any]:
    directory = ImageFileDirectory_v2(head, group=group)
    if group is not None and not isinstance(start, int):
        return {}
    file = io.BytesIO(tiff)
    file.seek(directory.next if group is None else start)
    directory.load(file)
    return {tag: _raw(value) for tag, value in dict(directory).items()}


def _writable(values: dict[int, Any], group: int) -> dict[int, Any]:
    """Leave out values of a type that their tag cannot have, which Pillow reads but does not write."""
    kept = {}
    for tag, value in values.items():
        directory = ImageFileDirectory_v2(HEAD, group=group)
        with contextlib.suppress(*FAILURES):
            directory[tag] = value
            directory.tobytes()
            kept[tag] = value
    return kept


def _raw(value: Any) -> Any:
    """Undo Pillow's reading of text as Latin-1, so that its bytes, UTF-8 or whatever, come out again."""
    return value.encode("latin-1", "replace") if isinstance(value, str) else value
