"""Photo -> the bytes of a file."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from restore.errors import InputError, UsageError
from restore.images.exif import fitted
from restore.images.export import joined
from restore.images.photo import Metadata, Photo, Pixels
from restore.images.pillow import DECODING_ERRORS
from restore.images.png import insert_chunks, write_png16

WRITABLE = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP",
    ".bmp": "BMP",
}  # fmt: skip
"""Suffixes that can be written, and Pillow's names for the formats."""
LARGEST_SIDE = {"JPEG": 65500, "WEBP": 16383}
LARGEST_SEGMENT = 65500
"""Bytes that fit into one segment of a JPEG, with its name."""


def encode(photo: Photo, suffix: str, *, quality: int = 95) -> bytes:
    """Return a photo as the bytes of a file of that suffix. Raises InputError as ``save`` does."""
    file = io.BytesIO()
    write(photo, Path(f"image{suffix}"), file, quality)
    return file.getvalue()


def check_writable(photo: Photo, path: Path) -> None:
    """Raise InputError if the format of that suffix cannot hold the photo without loss of depth or alpha."""
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise InputError(
            f"{path}: images cannot be written as {suffix or 'a file without suffix'}",
            f"use {', '.join(WRITABLE)}",
        )
    if photo.batch > 1:
        raise InputError(f"{photo.name} holds {photo.batch} images; a file holds one", "save them one by one")
    dtype, file_format = photo.pixels.dtype, WRITABLE[suffix]
    if dtype == np.uint16 and file_format not in ("PNG", "TIFF"):
        raise InputError(f"{path}: {file_format} has no 16-bit samples", "use .png or .tif")
    if dtype.kind == "f" and file_format != "TIFF":
        raise InputError(f"{path}: {file_format} has no float samples", "use .tif, or convert to uint16 first")
    if photo.alpha is not None and file_format in ("JPEG", "BMP"):
        raise InputError(f"{path}: {file_format} has no alpha", "use .png, .webp or .tif")


def write(photo: Photo, path: Path, file: BinaryIO, quality: int) -> None:
    """Encode a photo into a file that is open for reading and writing.

    Args:
        photo: what to write.
        path: its suffix decides the format; for messages.
        file: where to.
        quality: of JPEG and lossy WebP, 1 to 100.

    Raises:
        InputError: the format is unknown or cannot hold the photo.
        UsageError: a quality outside 1 to 100.
        OSError: the disk refuses.
    """
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} does not exist", "it lies between 1 and 100")
    check_writable(photo, path)
    file_format = WRITABLE[path.suffix.lower()]
    side, limit = max(photo.height, photo.width), LARGEST_SIDE.get(file_format)
    if limit and side > limit:
        raise InputError(f"{path}: {file_format} has at most {limit} pixels a side", "use .png or .tif")
    metadata = photo.form.metadata
    if metadata.exif:
        metadata = replace(metadata, exif=fitted(metadata.exif, photo.width, photo.height))
    array = joined(photo)[0]
    try:
        _write(array, file, file_format, metadata, quality)
    except OSError:
        raise
    except DECODING_ERRORS as error:
        raise InputError(f"{path}: {file_format} cannot hold it: {error}", "use .png or .tif") from error


def _write(array: Pixels, file: BinaryIO, file_format: str, metadata: Metadata, quality: int) -> None:
    if file_format == "TIFF":
        from restore.images.tiff_write import write_tiff

        write_tiff(array, file, metadata)
    elif file_format == "PNG" and array.dtype == np.uint16:
        write_png16(array, file, metadata)
    elif file_format == "PNG":
        plain = io.BytesIO()
        _image(array).save(plain, "PNG", compress_level=4)
        file.write(insert_chunks(plain.getvalue(), metadata))
    else:
        options = _options(file_format, metadata, quality)
        _image(array).save(file, file_format, **{key: value for key, value in options.items() if value is not None})


def _image(array: Pixels) -> Image.Image:
    return Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)


def _options(file_format: str, metadata: Metadata, quality: int) -> dict[str, Any]:
    """Return the arguments of Pillow's ``save``; what does not fit into a JPEG is left out."""
    if file_format == "BMP":
        return {"dpi": metadata.dpi}
    options: dict[str, Any] = {"quality": quality, "icc_profile": metadata.icc}
    if file_format == "WEBP":
        return options | {
            "lossless": quality == 100, "exact": True, "exif": metadata.exif, "xmp": metadata.xmp,
        }  # fmt: skip
    comment = metadata.text.get("Comment", "").encode()
    blocks = {"exif": metadata.exif, "xmp": metadata.xmp, "comment": comment}
    options |= {name: block for name, block in blocks.items() if block and len(block) <= LARGEST_SEGMENT}
    dpi = metadata.dpi if metadata.dpi and max(metadata.dpi) < 65536 else None
    return options | {"subsampling": 0 if quality >= 90 else 2, "dpi": dpi}
