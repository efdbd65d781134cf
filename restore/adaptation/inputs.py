"""Images and labels as people have them in arrays, and what is wrong with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from restore.errors import InputError
from restore.resize import resize

FEWEST = 2
"""Images of a domain: batch norm takes no fewer."""
FORMS = "uint8 from 0 to 255 or floats from 0 to 1, (N, H, W), (N, C, H, W), or (N, H * H) of squares"


def as_images(given: Any, what: str, channels: int) -> Tensor:
    """Return images as float32 ``(N, C, H, W)`` in [0, 1].

    Args:
        given: an array or tensor, as ``FORMS`` says.
        what: whose images they are, for errors.
        channels: that they must have.

    Raises:
        InputError: it holds no images, or others.
    """
    try:
        array = np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given)
    except (ValueError, TypeError) as error:  # such as images of several sizes in a list
        raise InputError(f"the {what} images are no array: {error}", f"they are {FORMS}") from error
    if array.ndim == 2 and math.isqrt(array.shape[1]) ** 2 == array.shape[1] > 0:
        array = array.reshape(len(array), 1, math.isqrt(array.shape[1]), -1)
    elif array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or 0 in array.shape[1:]:
        raise InputError(f"the {what} images have the shape {array.shape}", f"they are {FORMS}")
    if array.shape[1] != channels:
        raise InputError(
            f"the {what} images have {array.shape[1]} channels", f"this method takes {channels}, channels first"
        )
    if array.dtype == np.uint8:
        return torch.from_numpy(array / np.float32(255))
    if array.dtype.kind != "f":
        raise InputError(f"the {what} images are {array.dtype}", f"they are {FORMS}")
    if array.size and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise InputError(
            f"the {what} images have values from {array.min():g} to {array.max():g}", "floats are finite, from 0 to 1"
        )
    return torch.from_numpy(array.astype(np.float32))


def as_labels(given: Any, count: int) -> tuple[np.ndarray, Tensor]:
    """Return the classes, sorted, and the number of each image's among them, ``(count,)``.

    Args:
        given: one label an image: whole numbers, text, or booleans.
        count: of the images.

    Raises:
        InputError: labels that are missing, of another number, or all the same.
    """
    array = np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given)
    if array.shape != (count,):
        raise InputError(f"{count} source images have labels of the shape {array.shape}", "give one label an image")
    if array.dtype.kind == "f" and not (np.isfinite(array) & (array == np.round(array))).all():
        raise InputError("source labels are missing, or no whole numbers", "leave images without a label out")
    if array.dtype.kind not in "iubUf":
        raise InputError(f"source labels are {array.dtype}", "labels are whole numbers, text or booleans, none missing")
    classes, numbers = np.unique(array, return_inverse=True)
    if len(classes) < 2:
        raise InputError("all source labels are the same", "there are two classes or more")
    return classes, torch.from_numpy(numbers.astype(np.int64))


def check_domains(source: Tensor, target: Tensor) -> None:
    """Raise InputError for a domain with too few images, or domains of two sizes."""
    for what, images in (("source", source), ("target", target)):
        if len(images) < FEWEST:
            raise InputError(f"there are {len(images)} {what} images", f"give {FEWEST} or more")
    if source.shape[1:] != target.shape[1:]:
        sizes = [" x ".join(str(side) for side in images.shape[:1:-1]) for images in (source, target)]
        raise InputError(
            f"source images have {sizes[0]} pixels, target images {sizes[1]}", "crop or resize them to one size"
        )


def fitted(images: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Return images ``(N, C, H, W)`` resized to what a method takes (bicubic, antialiased)."""
    if tuple(images.shape[1:]) == shape:
        return images
    return resize(images, *shape[1:]).clamp(0, 1)
