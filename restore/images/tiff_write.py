"""Photo -> TIFF, deflated, of 8 or 16 bits or float, with its metadata."""

from __future__ import annotations

from typing import Any, BinaryIO

import tifffile

from restore.images.exif import PREFIX
from restore.images.photo import Metadata, Pixels
from restore.images.tiff_tags import (
    BYTES,
    DESCRIPTION,
    EXIF_IFD,
    GPS_IFD,
    SOFTWARE,
    Tags,
    append_directories,
    read_tags,
)

ASCII, BYTE, LONG, XMP = 2, 1, 4, 700
STAND_INS = {EXIF_IFD: EXIF_IFD - 1, GPS_IFD: GPS_IFD - 1}
"""Tags of no meaning, in whose place the pointers are put, which tifffile does not write."""


def write_tiff(array: Pixels, file: BinaryIO, metadata: Metadata) -> None:
    """Write ``(H, W, 1 to 4)``; two and four channels end in alpha.

    Args:
        array: uint8, uint16, float32 or float64.
        file: open for reading and writing.
        metadata: profile, resolution, XMP, and of EXIF the descriptive tags, the camera's and GPS.
    """
    channels = array.shape[2]
    tags = read_tags(metadata.exif.removeprefix(PREFIX)) if metadata.exif else Tags()
    pointers = [tag for tag, values in ((EXIF_IFD, tags.exif), (GPS_IFD, tags.gps)) if values]
    tifffile.imwrite(
        file,
        array[..., 0] if channels == 1 else array,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        compression="zlib",
        resolution=metadata.dpi,
        resolutionunit="INCH" if metadata.dpi else None,
        iccprofile=metadata.icc,
        description=tags.main.get(DESCRIPTION),
        software=tags.main.get(SOFTWARE, False),
        extratags=_extra_tags(tags, metadata, pointers),
        metadata=None,
    )
    if pointers:
        append_directories(file, _places(file, pointers), tags)


def _extra_tags(tags: Tags, metadata: Metadata, pointers: list[int]) -> list[tuple[int, int, int, Any, bool]]:
    extra: list[tuple[int, int, int, Any, bool]] = [(STAND_INS[tag], LONG, 1, 0, True) for tag in pointers]
    for tag, value in tags.main.items():
        if tag not in (DESCRIPTION, SOFTWARE):
            extra.append((tag, BYTE if tag in BYTES else ASCII, len(value), value, True))
    if metadata.xmp:
        extra.append((XMP, BYTE, len(metadata.xmp), metadata.xmp, True))
    return extra


def _places(file: BinaryIO, pointers: list[int]) -> dict[int, int]:
    file.seek(0)
    with tifffile.TiffFile(file) as written:
        found = written.pages.first.tags
        return {tag: found[STAND_INS[tag]].offset for tag in pointers}
