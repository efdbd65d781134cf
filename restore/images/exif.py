"""EXIF blocks, changed in place, so that maker notes and what we do not know survive bit for bit.

Layout: TIFF 6.0 section 2 and Exif 2.32 section 4.6: a header, then directories of 12-byte entries.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PREFIX = b"Exif\0\0"
ORIENTATION, EXIF_IFD = 0x0112, 0x8769
WIDTHS, HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
THUMBNAIL_START, THUMBNAIL_LENGTH = 0x0201, 0x0202
SHORT, LONG = 3, 4


@dataclass(frozen=True)
class _Entry:
    tag: int
    at: int
    """Offset of the entry in the block."""
    value: int
    """Its value, if that is one SHORT or LONG; else 0."""


def upright(exif: bytes) -> bytes | None:
    """Return the block with orientation 1 and without its thumbnail, which is as it was before.

    None for a block that cannot be parsed: no reader would make sense of it.
    """
    block = bytearray(exif.removeprefix(PREFIX).removeprefix(PREFIX))
    try:
        order = _order(block)
        first = struct.unpack_from(order + "L", block, 4)[0]
        for entry in _entries(block, first, order):
            if entry.tag == ORIENTATION:
                _set(block, entry, 1, order)
        _drop_thumbnail(block, first, order)
    except (struct.error, ValueError):
        return None
    return PREFIX + bytes(block)


def fitted(exif: bytes, width: int, height: int) -> bytes:
    """Return the block with the size in pixels, where it tells one, set to that of the image it goes with."""
    block = bytearray(exif.removeprefix(PREFIX))
    order = _order(block)
    first = struct.unpack_from(order + "L", block, 4)[0]
    entries = list(_entries(block, first, order))
    for pointer in [entry.value for entry in entries if entry.tag == EXIF_IFD]:
        entries += _entries(block, pointer, order)
    for entry in entries:
        if entry.tag in WIDTHS:
            _set(block, entry, width, order)
        elif entry.tag in HEIGHTS:
            _set(block, entry, height, order)
    return PREFIX + bytes(block)


def _order(block: bytearray) -> str:
    """Return struct's sign of the byte order. Raises ValueError."""
    orders = {b"II*\0": "<", b"MM\0*": ">"}
    if bytes(block[:4]) not in orders or len(block) < 14:
        raise ValueError("no TIFF header")
    return orders[bytes(block[:4])]


def _entries(block: bytearray, start: int, order: str) -> Iterator[_Entry]:
    """Yield the entries of the directory at ``start`` that lie inside the block."""
    if start + 2 > len(block):
        return
    for number in range(struct.unpack_from(order + "H", block, start)[0]):
        at = start + 2 + 12 * number
        if at + 12 > len(block):
            return
        tag, kind, count = struct.unpack_from(order + "HHL", block, at)
        form = {SHORT: "H", LONG: "L"}.get(kind) if count == 1 else None
        yield _Entry(tag, at, struct.unpack_from(order + form, block, at + 8)[0] if form else 0)


def _set(block: bytearray, entry: _Entry, value: int, order: str) -> None:
    """Make the entry one number: a SHORT where that suffices, as EXIF asks of orientations."""
    if value < 65536:
        struct.pack_into(order + "HLHH", block, entry.at + 2, SHORT, 1, value, 0)
    else:
        struct.pack_into(order + "HLL", block, entry.at + 2, LONG, 1, value)


def _drop_thumbnail(block: bytearray, first: int, order: str) -> None:
    """Unlink the second directory and blank the JPEG that it points to. Raises struct.error."""
    link = first + 2 + 12 * struct.unpack_from(order + "H", block, first)[0]
    if link + 4 > len(block):
        return
    second = struct.unpack_from(order + "L", block, link)[0]
    struct.pack_into(order + "L", block, link, 0)
    if not second:
        return
    found = {entry.tag: entry.value for entry in _entries(block, second, order)}
    start, length = found.get(THUMBNAIL_START, 0), found.get(THUMBNAIL_LENGTH, 0)
    if not block.startswith(b"\xff\xd8", start):
        return
    if start > second and start + length >= len(block):
        del block[start:]
    else:
        length = min(length, len(block) - start)
        block[start : start + length] = bytes(length)
