"""Inpainting without learning: what is missing is continued from what is known around it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import cv2
import numpy as np
import torch
from torch import Tensor

from restore.contracts import Model, Observation
from restore.errors import InputError, UsageError
from restore_classical.arrays import Array, Mask, to_array, to_tensor


class Inpainter(Model):
    """A method that fills one image after the other, on the CPU."""

    @abstractmethod
    def fill(self, image: Array, missing: Mask) -> Array:
        """Return the image ``(H, W, C)`` with its missing pixels filled; some are known and some are missing.

        What a missing pixel holds means nothing and may be anything, NaN too.
        """

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, C, H, W)``, known pixels as they are; without a mask the image itself.

        Raises:
            InputError: a mask that is not ``(B, 1, H, W)``, or one that leaves no pixel of an image known.
        """
        image, mask = observation.image, observation.mask
        if mask is None:
            return image
        observation.check_mask()
        missing = mask >= 0.5
        if missing.flatten(1).all(1).any():
            raise InputError(
                "every pixel is missing, so that there is nothing to fill it from",
                "in a mask 1, or white, is missing: invert it, or leave some pixels known",
            )
        filled = [self._fill_one(*pair) for pair in zip(image, missing, strict=True)]
        return torch.where(missing, torch.stack(filled).to(image), image) if filled else image

    def _fill_one(self, image: Tensor, missing: Tensor) -> Tensor:
        array, holes = to_array(image), missing[0].cpu().numpy()
        return to_tensor(self.fill(array, holes)).clamp(0, 1) if holes.any() else to_tensor(array)


class _OpenCV(Inpainter):
    """``cv2.inpaint``, one channel after the other in float32, so that no depth is lost."""

    name: ClassVar[str]
    method: ClassVar[int]

    def __init__(self, radius: float = 3.0) -> None:
        super().__init__()
        if not 1 <= radius <= 100:
            raise UsageError(f"{self.name} cannot look {radius} pixels far", "radius lies in [1, 100]")
        self.radius = radius

    def fill(self, image: Array, missing: Mask) -> Array:
        """Return the filled image ``(H, W, C)``."""
        # OpenCV's steps are made for 0 to 255. At the border it reads some pixels that are still missing, and
        # beyond its memory in an image of one row or column: hence the guess, and the edge doubled.
        guess = np.pad(nearest_known(image, missing) * 255, ((1, 1), (1, 1), (0, 0)), mode="edge")
        mask = np.pad(missing, 1, mode="edge").astype(np.uint8)
        planes = [
            cv2.inpaint(np.ascontiguousarray(plane), mask, self.radius, self.method)
            for plane in np.moveaxis(guess, -1, 0)
        ]
        return np.stack(planes, -1)[1:-1, 1:-1] / np.float32(255)


class Telea(_OpenCV):
    """Telea's method: weighted means of what is known nearby, from the border of a hole inwards.

    Args:
        radius: how far around a pixel known ones are looked for, in pixels; OpenCV rounds it.

    Raises:
        UsageError: a radius outside [1, 100].
    """

    name = "telea"
    method = cv2.INPAINT_TELEA


class NavierStokes(_OpenCV):
    """OpenCV's method after Bertalmio, Bertozzi and Sapiro: lines of equal brightness run on into a hole.

    Args:
        radius: how far around a pixel known ones are looked for, in pixels; OpenCV rounds it.

    Raises:
        UsageError: a radius outside [1, 100].
    """

    name = "navier-stokes"
    method = cv2.INPAINT_NS


class Biharmonic(Inpainter):
    """The surface whose bilaplacian is zero in the holes: smooth, and continued with its slope.

    It solves one equation for each missing pixel. In one large hole that takes some 12 kB a pixel: 3 GB for
    500 x 500. Many small holes are cheap.
    """

    def fill(self, image: Array, missing: Mask) -> Array:
        """Return the filled image ``(H, W, C)``, within the range of its known pixels."""
        from skimage.restoration import inpaint_biharmonic

        filled: Array = inpaint_biharmonic(image.astype(np.float64), missing, channel_axis=-1)
        return filled


def nearest_known(image: Array, missing: Mask) -> Array:
    """Return the image ``(H, W, C)`` with each missing pixel as its nearest known one."""
    from scipy.ndimage import distance_transform_edt  # type: ignore[import-untyped]

    rows, columns = distance_transform_edt(missing, return_distances=False, return_indices=True)
    nearest: Array = image[rows, columns]
    return nearest
