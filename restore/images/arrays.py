"""Arrays and tensors -> Photo."""

from __future__ import annotations

from typing import Any

import numpy as np

from restore.errors import InputError
from restore.images.photo import Form, Kind, Metadata, Photo, Pixels

STORED = {
    "uint8": "uint8", "uint16": "uint16", "float16": "float32", "bfloat16": "float32", "float32": "float32",
    "float64": "float64", "bool": "uint8",
}  # fmt: skip
TOLERANCE = 1e-4
"""By how much a float may leave [0, 1], as rounding makes it; it is then clamped."""


def from_numpy(source: Any) -> Photo:
    """Take an array (H, W) or (H, W, C). Raises InputError."""
    array = np.asarray(source)
    name = f"numpy array {array.shape}"
    if array.ndim == 2:
        layout, pixels = "HW", array[None, ..., None]
    elif array.ndim == 3:
        layout, pixels = "HWC", array[None]
        if array.shape[2] > 4 and array.shape[0] in (1, 2, 3, 4):
            raise InputError(
                f"{name} looks like (C, H, W); numpy arrays are (H, W, C) here", "array.transpose(1, 2, 0)"
            )
    else:
        raise InputError(f"{name} is no image", "give (H, W) or (H, W, C), one image at a time")
    if isinstance(source, np.ma.MaskedArray) and np.ma.is_masked(source):
        raise InputError(f"{name} has masked values", "fill them and give the mask beside it")
    dtype = array.dtype.name if array.dtype.isnative else array.dtype.str
    form = Form(kind="numpy", dtype=dtype, layout=layout)
    return assemble(_store(pixels, array.dtype.name, name), form, name)


def from_torch(source: Any) -> Photo:
    """Take a tensor (C, H, W) or (B, C, H, W) on any device. Raises InputError."""
    import torch

    name = f"torch tensor {tuple(source.shape)}"
    if source.layout != torch.strided or source.is_quantized or source.is_meta:
        raise InputError(f"{name} is sparse, quantized or without data", "give a dense tensor")
    if source.ndim not in (3, 4):
        raise InputError(f"{name} is no image", "give (C, H, W) or (B, C, H, W)")
    if source.shape[-3] > 4 and source.shape[-1] in (1, 2, 3, 4):
        raise InputError(f"{name} looks like (H, W, C); tensors are (C, H, W) here", "tensor.movedim(-1, -3)")
    layout = "BCHW" if source.ndim == 4 else "CHW"
    dtype = str(source.dtype).removeprefix("torch.")
    host = source.detach().cpu()
    host = host.float() if dtype in ("bfloat16", "float16") else host
    array = (host if source.ndim == 4 else host[None]).permute(0, 2, 3, 1).contiguous().numpy()
    form = Form(kind="torch", dtype=dtype, layout=layout, device=str(source.device))
    return assemble(_store(array, dtype, name), form, name)


def _store(array: Pixels, dtype: str, name: str) -> Pixels:
    """Bring the array to a dtype that a Photo has. Raises InputError."""
    if dtype not in STORED:
        raise InputError(
            f"{name} has the dtype {dtype}",
            f"convert it to one of {', '.join(STORED)}: the range must be known",
        )
    if array.size == 0:
        raise InputError(f"{name} is empty", "an image has at least one pixel")
    if dtype == "bool":
        return array.astype(np.uint8) * np.uint8(255)
    stored = np.ascontiguousarray(array, dtype=np.dtype(STORED[dtype]))
    return check_range(stored, name)


def check_range(array: Pixels, name: str) -> Pixels:
    """Return a float array within [0, 1]; integers pass. Raises InputError for NaN and other ranges."""
    if array.dtype.kind != "f":
        return array
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise InputError(f"{name} holds values that are not finite (NaN or infinity)", "replace them first")
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise InputError(
            f"{name} holds values from {low:g} to {high:g}; floats lie in [0, 1] here",
            "scale it to [0, 1], or convert it to uint8 or uint16",
        )
    return array if low >= 0 and high <= 1 else array.clip(0, 1)


def assemble(array: Pixels, form: Form, name: str) -> Photo:
    """Split alpha off ``(B, H, W, 1 to 4)``. Raises InputError."""
    channels = array.shape[3]
    if channels not in (1, 2, 3, 4):
        raise InputError(
            f"{name} has {channels} channels",
            "an image has 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha)",
        )
    if array.size == 0:
        raise InputError(f"{name} is empty", "an image has at least one pixel")
    if channels in (1, 3):
        return Photo(pixels=array, alpha=None, form=form, name=name)
    return Photo(
        pixels=np.ascontiguousarray(array[..., :-1]),
        alpha=np.ascontiguousarray(array[..., -1]),
        form=form,
        name=name,
    )


def file_form(kind: Kind, dtype: str, file_format: str, metadata: Metadata) -> Form:
    """Return the form of a decoded file."""
    return Form(kind=kind, dtype=dtype, format=file_format, metadata=metadata)
