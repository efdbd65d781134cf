"""Anything that holds an image -> Photo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from restore.errors import InputError
from restore.images.arrays import from_numpy, from_torch
from restore.images.decode import decode
from restore.images.photo import Photo
from restore.images.pillow import from_pil

DEFAULT_MAX_PIXELS = 400_000_000
"""Larger than any camera's image (1.2 GB of RGB bytes); decompression bombs claim more."""


def load(source: Any, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Photo:
    """Read an image.

    Args:
        source: path (str or PathLike), bytes, PIL image, numpy array (H, W) or (H, W, C), or torch tensor
            (C, H, W) or (B, C, H, W), C from 1 to 4 (gray, gray and alpha, RGB, RGB and alpha); integers in
            their full range, floats in [0, 1]. A Photo passes.
        max_pixels: files that claim to be larger are refused before they are decoded.

    Returns:
        The image, upright, with its alpha apart, in its own dtype.

    Raises:
        InputError: it cannot be read, is empty, too large, animated, out of range, or of a shape or dtype
            that is no image's.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, str | os.PathLike):
        return _load_file(Path(os.fsdecode(source)), max_pixels)
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return decode(data, f"bytes ({len(data)} of them)", "bytes", max_pixels)
    if isinstance(source, Image.Image):
        return from_pil(source, f"PIL image {source.mode} {source.size}", kind="pil")
    if isinstance(source, torch.Tensor):
        return from_torch(source)
    if hasattr(source, "__array_interface__"):
        return from_numpy(source)
    if hasattr(source, "read"):
        raise InputError(
            f"an open file ({type(source).__name__}) is no image", "give its bytes, file.read(), or its path"
        )
    raise InputError(
        f"an object of type {type(source).__name__} is no image",
        "give a path, bytes, a PIL image, a numpy array or a torch tensor",
    )


def _load_file(path: Path, max_pixels: int) -> Photo:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", "check the path") from None
    except IsADirectoryError:
        raise InputError(
            f"{path} is a folder", "name the files in it, or use Restorer.map or the command line"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",
            "check its name and permissions",
        ) from error
    return decode(data, str(path), "file", max_pixels)
