"""Photo -> the kind it came from."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from restore.errors import InputError
from restore.images.exif import fitted
from restore.images.photo import Photo, Pixels


def export(photo: Photo) -> Any:
    """Return an image of the kind, dtype, layout and device it was loaded from.

    A path gives the Photo itself, whose ``save``, ``numpy`` and ``pil`` go on from there; bytes give bytes of
    the same format, PNG where that cannot be written.
    """
    kind = photo.form.kind
    if kind == "file":
        return photo
    if kind == "bytes":
        from restore.images.encode import WRITABLE, encode

        suffixes = {file_format: suffix for suffix, file_format in WRITABLE.items()}
        suffix = suffixes.get(photo.form.format, ".png")
        return encode(photo, ".png" if suffix == ".bmp" and photo.alpha is not None else suffix)
    if kind == "pil":
        return to_pil(photo)
    return _to_torch(photo) if kind == "torch" else _to_numpy(photo)


def joined(photo: Photo) -> Pixels:
    """Return ``(B, H, W, C)`` with alpha, if any, as the last channel."""
    if photo.alpha is None:
        return photo.pixels
    return np.concatenate([photo.pixels, photo.alpha[..., None]], axis=3)


def to_pil(photo: Photo) -> Image.Image:
    """Return a Pillow image with the metadata in its ``info``. Raises InputError where Pillow has no mode."""
    array = joined(photo)[0]
    array = array[..., 0] if array.shape[2] == 1 else array
    if array.dtype != np.uint8 and array.ndim == 3:
        raise InputError(
            f"Pillow has no {array.dtype} image with {array.shape[2]} channels",
            "use numpy(), or save() as PNG or TIFF",
        )
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    image = Image.fromarray(array)
    metadata = photo.form.metadata
    exif = fitted(metadata.exif, photo.width, photo.height) if metadata.exif else None
    info = {"icc_profile": metadata.icc, "exif": exif, "dpi": metadata.dpi, "xmp": metadata.xmp}
    image.info.update({key: value for key, value in info.items() if value is not None})
    return image


def _to_numpy(photo: Photo) -> Any:
    array = joined(photo)[0]
    if photo.form.layout == "HW" and array.shape[2] == 1:
        array = array[..., 0]
    return _as_given(array, photo.form.dtype)


def _as_given(array: Pixels, dtype: str) -> Any:
    return array >= 128 if dtype == "bool" else array.astype(dtype, copy=False)


def _to_torch(photo: Photo) -> Any:
    import torch

    array = np.ascontiguousarray(joined(photo).transpose(0, 3, 1, 2))
    tensor = torch.from_numpy(array)
    tensor = tensor if photo.form.layout == "BCHW" else tensor[0]
    if photo.form.dtype == "bool":
        return (tensor >= 128).to(photo.form.device)
    return tensor.to(device=photo.form.device, dtype=getattr(torch, photo.form.dtype))
