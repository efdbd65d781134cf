"""Blur by a Gaussian lens and by a moving camera."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from restore.errors import UsageError
from restore_degradations.per_sample import PerSample, check_limits, draw_between


class GaussianBlur(PerSample):
    """Convolution with a Gaussian, cut off at four standard deviations (rounded); the border is repeated.

    Args:
        sigma: standard deviation in pixels, or a range ``1+3``.

    Raises:
        UsageError: a sigma outside (0, 100].
    """

    def __init__(self, sigma: tuple[float, ...] = (1.6,)) -> None:
        super().__init__()
        check_limits("gaussian-blur", "sigma", sigma, 1e-3, 100)
        self.sigma = sigma

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a sigma."""
        return {"sigma": draw_between(self.sigma, generator)}

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the blurred image ``(1, C, H, W)``."""
        from kornia.filters import gaussian_blur2d

        sigma = choices["sigma"]
        side = 2 * max(1, math.floor(4 * sigma + 0.5)) + 1
        return gaussian_blur2d(image, (side, side), (sigma, sigma), border_type="replicate").clamp(0, 1)


class MotionBlur(PerSample):
    """Average along a straight path that is centred, so that nothing moves; the border is repeated.

    Args:
        length: of the path in pixels, odd.
        angle: of the path in degrees, counter-clockwise from the horizontal, or a range.

    Raises:
        UsageError: a length that is even, below 3 or above 201.
    """

    def __init__(self, length: int = 15, angle: tuple[float, ...] = (0.0, 180.0)) -> None:
        super().__init__()
        if length % 2 == 0 or not 3 <= length <= 201:
            raise UsageError(f"motion-blur: length={length} cannot be", "length is odd, from 3 to 201")
        check_limits("motion-blur", "angle", angle, -360, 360)
        self.length, self.angle = length, angle

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw an angle; the length is recorded."""
        return {"length": self.length, "angle": draw_between(self.angle, generator)}

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the blurred image ``(1, C, H, W)``."""
        from kornia.filters import motion_blur

        length, angle = choices["length"], float(choices["angle"])
        return motion_blur(image, length, angle, 0.0, "replicate", "bilinear").clamp(0, 1)
