"""What a file says beside its pixels, as Pillow finds it -> Metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PIL import Image

from restore.images import exif
from restore.images.photo import Metadata
from restore.images.tiff_tags import FAILURES, exif_block, read_tags

XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>)\s*)([1-8])""")
RAW_PROFILES = ("Raw profile type exif", "Raw profile type APP1", "Raw profile type xmp")
"""Text in which ImageMagick hides blocks; they tell the orientation again, and Pillow has read them."""


def orientation_of(image: Image.Image) -> int:
    """Return how the stored pixels must be turned, 1 to 8; 1 for TIFF, which Pillow turns itself."""
    if image.format == "TIFF":
        return 1
    try:
        told = image.getexif().get(exif.ORIENTATION, 1)
    except FAILURES:
        return 1
    return told if isinstance(told, int) and 1 <= told <= 8 else 1


def metadata_of(image: Image.Image) -> Metadata:
    """Collect the metadata of a loaded image, as they hold for the upright image; it is left as it was."""
    info = image.info
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    return Metadata(
        icc=_bytes(info.get("icc_profile")),
        exif=_exif(image),
        xmp=upright_xmp(xmp.encode() if isinstance(xmp, str) else xmp),
        dpi=_dpi(info.get("dpi")),
        text=_text(image),
    )


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """Return an XMP packet with its orientation, if it tells one, set to 1."""
    return XMP_ORIENTATION.sub(rb"\g<1>1", xmp) if xmp else None


def xmp_orientation(xmp: bytes | None) -> int:
    """Return the orientation that an XMP packet tells, or 1: it counts where EXIF tells none."""
    told = XMP_ORIENTATION.search(xmp) if xmp else None
    return int(told[2]) if told else 1


def _exif(image: Image.Image) -> bytes | None:
    block = image.info.get("exif")
    try:
        if image.format == "TIFF":
            return exif_block(read_tags(image.getexif().tobytes().removeprefix(exif.PREFIX)))
        if block is None and "Raw profile type exif" in image.info:
            block = image.getexif().tobytes()
    except FAILURES:
        return None
    return exif.upright(block) if isinstance(block, bytes) else None


def _bytes(value: Any) -> bytes | None:
    return bytes(value) if isinstance(value, bytes | bytearray) and value else None


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        x, y = (float(dots) for dots in value)
    except (*FAILURES, ZeroDivisionError):
        return None
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None


def _text(image: Image.Image) -> Mapping[str, str]:
    """Return PNG text by keyword, and the comment of a JPEG or GIF as ``Comment``."""
    found = getattr(image, "text", {})
    text = {
        str(key): str(value) for key, value in found.items() if not key.startswith("XML:") and key not in RAW_PROFILES
    }
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        try:
            text["Comment"] = comment.decode()
        except UnicodeDecodeError:
            text["Comment"] = comment.decode("latin-1")
    return text
