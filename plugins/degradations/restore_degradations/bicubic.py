"""Downscaling as the super-resolution literature does it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from restore.contracts import Degradation, Params
from restore.errors import UsageError
from restore.resize import downscale


class Bicubic(Degradation):
    """MATLAB's ``imresize(image, 1/scale)``: the cubic kernel with a = -0.5, stretched against aliasing.

    Args:
        scale: input side over output side, from 1 to 1000.
        border: ``symmetric`` as today's MATLAB, ``replicate`` as the one that made the published test sets.
        rounding: ``uint8`` rounds what is given and after each pass, as MATLAB does on uint8 images; with
            ``replicate`` it gives the published low-resolution files bit for bit.

    Raises:
        UsageError: a scale outside [1, 1000].
    """

    def __init__(
        self,
        scale: int = 4,
        border: Literal["symmetric", "replicate"] = "symmetric",
        rounding: Literal["none", "uint8"] = "none",
    ) -> None:
        super().__init__()
        if not 1 <= scale <= 1000:
            raise UsageError(f"bicubic cannot downscale by {scale}", "scale is a whole number from 1 to 1000")
        self.scale, self.border, self.rounding = scale, border, rounding

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw nothing; the scale is recorded."""
        return {"scale": self.scale}

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, ceil(H/scale), ceil(W/scale))``, overshoot clamped."""
        return downscale(image, params["scale"], border=self.border, rounding=self.rounding).clamp(0, 1)
