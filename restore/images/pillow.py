"""Pillow images -> Photo: modes, palettes, CMYK and orientation."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from restore.errors import InputError
from restore.images.arrays import assemble, check_range, file_form
from restore.images.metadata import metadata_of, orientation_of
from restore.images.photo import Kind, Metadata, Photo, Pixels
from restore.quiet import pillow_limit_lifted

DECODING_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, OverflowError,
    AttributeError, AssertionError, ZeroDivisionError, RuntimeError, SystemError, struct.error, zlib.error,
)  # fmt: skip
"""What decoders raise for damaged files."""


def from_pil(image: Image.Image, name: str, *, kind: Kind) -> Photo:
    """Take a Pillow image: palettes and CMYK become RGB(A), 1-bit becomes gray. Raises InputError."""
    if 0 in image.size:
        raise InputError(f"{name} has no pixels: {image.width} x {image.height}", "an image has at least one pixel")
    try:
        refuse_animation(image, name)
        orientation = orientation_of(image)
        with pillow_limit_lifted():
            image.load()
        plain, metadata = _plain(image, metadata_of(image))
        array = _array(plain, name)
    except DECODING_ERRORS as error:
        raise InputError(f"{name} is corrupt or truncated: {error}", "get the file again") from error
    form = file_form(kind, array.dtype.name, image.format or "PNG", metadata)
    return assemble(upright(array, orientation)[None], form, name)


def refuse_animation(image: Image.Image, name: str) -> None:
    """Raise InputError for an image of several frames or pages."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise InputError(f"{name} has {frames} frames or pages", "take them apart first")


def _plain(image: Image.Image, metadata: Metadata) -> tuple[Image.Image, Metadata]:
    """Return the image in a mode that holds its samples plainly, and the metadata that still apply."""
    mode = image.mode
    if mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB"), metadata
    if mode in ("CMYK", "LAB"):
        return _to_srgb(image, metadata)
    if mode == "RGBX":
        return image.convert("RGB"), metadata
    if mode in ("YCbCr", "HSV"):
        return image.convert("RGB"), replace(metadata, icc=None)
    if mode in ("RGBa", "La"):
        return image.convert(mode.upper()), metadata
    if mode in ("1", "L", "RGB") and "transparency" in image.info:
        return image.convert("RGBA" if mode == "RGB" else "LA"), metadata
    return (image.convert("L") if mode == "1" else image), metadata


def _to_srgb(image: Image.Image, metadata: Metadata) -> tuple[Image.Image, Metadata]:
    """Convert CMYK by its profile, or without a usable one by Pillow's formula; L*a*b* needs none."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        if image.mode == "LAB":
            own = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            own = ImageCms.ImageCmsProfile(io.BytesIO(metadata.icc or b""))
        converted = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        converted = None
    if converted is not None:
        return converted, replace(metadata, icc=srgb.tobytes())
    return image.convert("RGB"), replace(metadata, icc=None)


def _array(image: Image.Image, name: str) -> Pixels:
    if image.mode not in ("L", "LA", "RGB", "RGBA", "F") and not image.mode.startswith("I;16"):
        raise InputError(f"{name} has the mode {image.mode}, whose range is not known", "convert it to 8 or 16 bits")
    array: Pixels = np.array(image)
    if image.mode.startswith("I;16"):
        array = array.astype(np.uint16, copy=False)
    array = array[..., None] if array.ndim == 2 else array
    return check_range(array, name)


def upright(array: Pixels, orientation: Any) -> Pixels:
    """Apply an EXIF orientation, 1 to 8, to ``(H, W, C)``; others mean nothing."""
    turned = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: a.swapaxes(0, 1)[:, ::-1],
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
        8: lambda a: a.swapaxes(0, 1)[::-1],
    }.get(orientation, lambda a: a)(array)
    return np.ascontiguousarray(turned)
