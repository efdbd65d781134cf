"""Formats whose deep samples Pillow cuts to 8 bits without a word: they are refused."""

from __future__ import annotations

import re

from PIL import Image

from restore.errors import InputError

J2K_START = b"\xff\x4f\xff\x51"
J2K_COMPONENTS = 40
"""Offset in the codestream of the number of components; 3 bytes for each follow (T.800, A.5.1)."""
PPM_HEADER = re.compile(rb"P[2356](?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+(\d+)\s")
"""Magic number, width, height and the greatest value, with comments between."""
HIGH_BIT_DEPTH = 0x40
"""In the third byte of the AV1 codec configuration."""


def refuse_deep(data: bytes, image: Image.Image, name: str) -> None:
    """Raise InputError for a file whose samples have more bits than Pillow would read."""
    if _bits(data, image) > 8 and not image.mode.startswith("I;16"):
        raise InputError(
            f"{name} is a {image.format} of more than 8 bits a sample, which cannot be read in full",
            "convert it to a 16-bit PNG or TIFF first",
        )


def _bits(data: bytes, image: Image.Image) -> int:
    if image.format == "PPM":
        peak = PPM_HEADER.match(data)
        return 16 if peak and int(peak[1]) > 255 else 8
    if image.format == "JPEG2000":
        start = data.find(J2K_START) + J2K_COMPONENTS
        count = int.from_bytes(data[start : start + 2], "big")
        return max(((size & 0x7F) + 1 for size in data[start + 2 : start + 2 + 3 * count : 3]), default=8)
    if image.format == "AVIF":
        start = data.find(b"av1C") + 4
        return 10 if start >= 4 and data[start + 2 : start + 3] and data[start + 2] & HIGH_BIT_DEPTH else 8
    return 8
