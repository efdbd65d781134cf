"""Upscaling by interpolation: differentiable, on any device; a tile with its halo gives the whole's bits."""

from __future__ import annotations

from torch import Tensor

from restore.contracts import Model, Observation
from restore.errors import UsageError
from restore.resize import upscale

LARGEST = 16


class Nearest(Model):
    """Every pixel becomes a square of its colour.

    Args:
        scale: output side over input side, from 1 to 16.

    Raises:
        UsageError: a scale outside [1, 16].
    """

    receptive_field = 1

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale: int = checked("nearest", scale)

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, C, scale*H, scale*W)``."""
        return observation.image.repeat_interleave(self.scale, -2).repeat_interleave(self.scale, -1)


class Bicubic(Model):
    """MATLAB's ``imresize(image, scale)``: Keys' cubic with a = -0.5, mirrored at the border.

    Args:
        scale: output side over input side, from 1 to 16.

    Raises:
        UsageError: a scale outside [1, 16].
    """

    receptive_field = 4

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale: int = checked("bicubic", scale)

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, C, scale*H, scale*W)``; edges overshoot the range."""
        return upscale(observation.image, self.scale)


class Lanczos(Model):
    """A sinc in a window of sinc, three lobes to each side; MATLAB's ``imresize(image, scale, "lanczos3")``.

    It keeps more of the fine detail than bicubic and rings more.

    Args:
        scale: output side over input side, from 1 to 16.

    Raises:
        UsageError: a scale outside [1, 16].
    """

    receptive_field = 6

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale: int = checked("lanczos", scale)

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, C, scale*H, scale*W)``; edges overshoot the range."""
        return upscale(observation.image, self.scale, kernel="lanczos3")


def checked(name: str, scale: int) -> int:
    """Return the scale. Raises UsageError outside [1, 16]."""
    if not 1 <= scale <= LARGEST:
        raise UsageError(f"{name} cannot upscale by {scale}", f"scale is a whole number from 1 to {LARGEST}")
    return scale
