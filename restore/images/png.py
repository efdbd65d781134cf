"""PNG chunks that Pillow does not write: metadata and 16-bit samples (PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from restore.images.exif import PREFIX
from restore.images.photo import Metadata, Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = len(SIGNATURE) + 25
"""Signature and the IHDR chunk; what follows may be any ancillary chunk."""
COLOR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP")
"""How colours are meant, where no profile says it."""
COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
BAND = 1 << 20
"""About how many bytes of samples are compressed at a time."""
UP = b"\2"


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and data of the chunks before the samples."""
    at = len(SIGNATURE)
    while at + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IDAT":
            return
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length


def check_sums(png: bytes) -> None:
    """Raise ValueError for a critical chunk with a wrong check sum, which Pillow would not notice."""
    at, view = len(SIGNATURE), memoryview(png)
    while at + 12 <= len(png):
        length = struct.unpack_from(">I", png, at)[0]
        end = at + 8 + length
        critical = not png[at + 4] & 0x20
        if critical and end + 4 <= len(png) and zlib.crc32(view[at + 4 : end]) != int.from_bytes(png[end : end + 4]):
            raise ValueError(f"the check sum of its chunk {png[at + 4 : at + 8].decode('latin-1')} is wrong")
        at = end + 4


def insert_chunks(png: bytes, metadata: Metadata) -> bytes:
    """Return a PNG file with profile, resolution, EXIF, XMP and text added after its header."""
    return png[:HEADER_END] + _metadata_chunks(metadata) + png[HEADER_END:]


def write_png16(array: Pixels, file: BinaryIO, metadata: Metadata) -> None:
    """Write ``(H, W, 1 to 4)`` uint16."""
    height, width, channels = array.shape
    header = struct.pack(">IIBBBBB", width, height, 16, COLOR_TYPES[channels], 0, 0, 0)
    file.write(SIGNATURE + _chunk(b"IHDR", header) + _metadata_chunks(metadata))
    packer = zlib.compressobj(4, strategy=zlib.Z_FILTERED)
    rows = max(1, BAND // (2 * width * channels))
    above = np.zeros((1, 2 * width * channels), np.uint8)
    for top in range(0, height, rows):
        band = array[top : top + rows].astype(">u2").view(np.uint8).reshape(-1, above.shape[1])
        filtered = band - np.concatenate([above, band[:-1]])
        data = packer.compress(b"".join(UP + row.tobytes() for row in filtered))
        if data:
            file.write(_chunk(b"IDAT", data))
        above = band[-1:]
    file.write(_chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b""))


def _metadata_chunks(metadata: Metadata) -> bytes:
    chunks = b""
    if metadata.icc:
        chunks += _chunk(b"iCCP", b"icc\0\0" + zlib.compress(metadata.icc))
    for kind, data in metadata.png_color:
        if not (kind == b"sRGB" and metadata.icc):
            chunks += _chunk(kind, data)
    if metadata.dpi:
        x, y = (round(dots / 0.0254) for dots in metadata.dpi)
        chunks += _chunk(b"pHYs", struct.pack(">IIB", x, y, 1))
    if metadata.exif:
        chunks += _chunk(b"eXIf", metadata.exif.removeprefix(PREFIX))
    text = dict(metadata.text)
    if metadata.xmp:
        text["XML:com.adobe.xmp"] = metadata.xmp.decode("utf-8", "replace")
    for key, value in text.items():
        keyword, content = key.encode("latin-1", "replace")[:79], value.replace("\0", "").encode()
        chunks += _chunk(b"iTXt", keyword + b"\0\0\0\0\0" + content)
    return chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
