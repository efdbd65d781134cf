"""Bytes of a file -> Photo. The content decides the format, never the name."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image, UnidentifiedImageError

from restore.errors import InputError
from restore.images.arrays import assemble, file_form
from restore.images.depth import refuse_deep
from restore.images.metadata import metadata_of, orientation_of
from restore.images.opencv import decode_unchanged
from restore.images.photo import Kind, Photo, Pixels
from restore.images.pillow import DECODING_ERRORS, from_pil, refuse_animation, upright
from restore.images.png import COLOR_CHUNKS, SIGNATURE, check_sums, chunks_of
from restore.quiet import decoders_quiet, pillow_limit_lifted

TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
READABLE = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "DIB", "GIF", "PPM", "JPEG2000", "AVIF")
"""Pillow's names of what is read. Its other formats are rare, and one of them (EPS) runs a program."""


def decode(data: bytes, name: str, kind: Kind, max_pixels: int) -> Photo:
    """Decode a file.

    Args:
        data: its bytes.
        name: for messages.
        kind: ``file`` or ``bytes``.
        max_pixels: larger images are refused by their header.

    Raises:
        InputError: empty, no image, corrupt, truncated, too large or animated.
    """
    if not data:
        raise InputError(f"{name} is empty (0 bytes)", "get the file again")
    try:
        return _decode(data, name, kind, max_pixels)
    except MemoryError:
        raise InputError(f"{name} is damaged, or needs more memory than there is", "crop it") from None


def _decode(data: bytes, name: str, kind: Kind, max_pixels: int) -> Photo:
    with decoders_quiet():
        if data[:4] in TIFF:
            from restore.images.tiff import decode_tiff

            return decode_tiff(data, name, kind, max_pixels)
        with io.BytesIO(data) as stream:
            image = open_image(stream, name, max_pixels)
            if data.startswith(SIGNATURE):
                return _decode_png(data, image, name, kind)
            refuse_deep(data, image, name)
            return from_pil(image, name, kind=kind)


def open_image(stream: io.BytesIO, name: str, max_pixels: int) -> Image.Image:
    """Parse the header and refuse what is no image or too large. Raises InputError.

    The stream must stay open until the image is decoded; closing it then lets go of the bytes.
    """
    try:
        Image.init()
        formats = [known for known in READABLE if known in Image.OPEN]
        with pillow_limit_lifted():
            image = Image.open(stream, formats=formats)
    except UnidentifiedImageError:
        raise InputError(
            f"{name} is not an image that can be read, or its header is damaged",
            "read are PNG, JPEG, TIFF, WebP, BMP, GIF, PPM, JPEG 2000 and AVIF",
        ) from None
    except DECODING_ERRORS as error:
        raise InputError(f"{name} is corrupt: {error}", "get the file again") from error
    refuse_large(image.width, image.height, name, max_pixels)
    return image


def refuse_large(width: int, height: int, name: str, max_pixels: int) -> None:
    """Raise InputError for more pixels than allowed."""
    if width * height > max_pixels:
        raise InputError(
            f"{name} claims {width} x {height} = {width * height / 1e6:.0f} megapixels, "
            f"more than the limit of {max_pixels / 1e6:g}",
            f"if you trust it, raise the limit: --max-pixels {width * height} (max_pixels= in Python)",
        )


def _decode_png(data: bytes, image: Image.Image, name: str, kind: Kind) -> Photo:
    try:
        check_sums(data)
    except ValueError as error:
        raise InputError(f"{name} is corrupt: {error}", "get the file again") from error
    chunks = list(chunks_of(data))
    depth, color_type = data[24], data[25]
    transparent = next((told for chunk, told in chunks if chunk == b"tRNS"), None)
    if depth == 16:
        photo = _decode_png16(data, image, name, kind, transparent)
    else:
        if depth in (2, 4) and color_type == 0 and transparent is not None:
            image.info["transparency"] = transparent[1] * (255 // (2**depth - 1))
        photo = from_pil(image, name, kind=kind)
    told = tuple((chunk, value) for chunk, value in chunks if chunk in COLOR_CHUNKS)
    return replace(photo, form=replace(photo.form, metadata=replace(photo.form.metadata, png_color=told)))


def _decode_png16(data: bytes, image: Image.Image, name: str, kind: Kind, transparent: bytes | None) -> Photo:
    """Decode with OpenCV 16 bits, which Pillow would cut to 8; Pillow checks that the file is whole."""
    color_type = data[25]
    try:
        refuse_animation(image, name)
        orientation = orientation_of(image)
        with pillow_limit_lifted():
            image.load()
        metadata = metadata_of(image)
        image.close()
    except DECODING_ERRORS as error:
        raise InputError(f"{name} is corrupt or truncated: {error}", "get the file again") from error
    array = decode_unchanged(data)
    if array is None or array.dtype != np.uint16:
        raise InputError(f"{name} is corrupt: its 16-bit samples cannot be decoded", "get the file again")
    samples = _from_bgr(array, gray=color_type in (0, 4), alpha=color_type in (4, 6))
    if transparent is not None and color_type in (0, 2) and len(transparent) >= 2 * samples.shape[2]:
        samples = _with_alpha(samples, transparent)
    form = file_form(kind, "uint16", "PNG", metadata)
    return assemble(upright(samples, orientation)[None], form, name)


def _from_bgr(array: Pixels, *, gray: bool, alpha: bool) -> Pixels:
    """Return OpenCV's (H, W), BGR or BGRA as (H, W, C): gray or RGB, then alpha if the file has it.

    Red and blue change places within the array: a copy of a large photograph is not for nothing.
    """
    if array.ndim == 2:
        return array[..., None]
    if gray:
        return array[..., [0, 3]] if alpha and array.shape[2] == 4 else array[..., :1]
    red = array[..., 2].copy()
    array[..., 2] = array[..., 0]
    array[..., 0] = red
    return array if alpha else array[..., :3]


def _with_alpha(samples: Pixels, transparent: bytes) -> Pixels:
    """Append the alpha of a PNG that names one colour as transparent (section 11.3.1.1)."""
    color = np.frombuffer(transparent[: 2 * samples.shape[2]], ">u2")
    alpha = np.where((samples == color).all(axis=2, keepdims=True), 0, 65535).astype(np.uint16)
    return np.concatenate([samples, alpha], axis=2)
