"""What files and displays take away: JPEG, coarse levels, colour."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from restore.contracts import Degradation, Params
from restore.errors import InputError, UsageError
from restore_degradations.per_sample import PerSample, check_limits, draw_between

SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
LONGEST = 65500
"""Pixels of the longest side that libjpeg takes."""


class Jpeg(PerSample):
    """A round trip through libjpeg, in 8 bits; it has no gradient.

    Args:
        quality: libjpeg's, from 1 to 95, or a range ``30+90``.
        subsampling: of the colour channels.

    Raises:
        UsageError: a quality outside [1, 95].
        InputError: when applied, a side above 65500 pixels.
    """

    def __init__(
        self,
        quality: tuple[int, ...] = (75,),
        subsampling: Literal["4:4:4", "4:2:2", "4:2:0"] = "4:2:0",
    ) -> None:
        super().__init__()
        check_limits("jpeg", "quality", quality, 1, 95)
        self.quality, self.subsampling = quality, subsampling

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a quality."""
        return {"quality": round(draw_between(self.quality, generator))}

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the image ``(1, C, H, W)`` as a JPEG decoder gives it back."""
        from PIL import Image

        if max(image.shape[-2:]) > LONGEST:
            raise InputError(
                f"jpeg: libjpeg takes no side above {LONGEST} pixels", "make the image smaller, or cut it up"
            )
        bytes_ = image[0].detach().mul(255).round().clamp(0, 255).to("cpu", torch.uint8).permute(1, 2, 0).numpy()
        pixels = bytes_[..., 0] if bytes_.shape[-1] == 1 else bytes_
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(
            file, "JPEG", quality=choices["quality"], subsampling=SUBSAMPLING[self.subsampling]
        )
        decoded = np.array(Image.open(file)).reshape(bytes_.shape)
        return torch.from_numpy(decoded).permute(2, 0, 1)[None].to(image).div(255)


class Quantize(Degradation):
    """Round to a few evenly spaced levels, 0 and 1 among them.

    Its true gradient is zero; a straight-through gradient, that of the identity, is what flows.

    Args:
        levels: how many, at least 2.

    Raises:
        UsageError: fewer than 2 levels.
    """

    def __init__(self, levels: int = 8) -> None:
        super().__init__()
        if levels < 2:
            raise UsageError(f"quantize: levels={levels} leaves nothing to see", "levels is at least 2")
        self.levels = levels

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw nothing; the levels are recorded."""
        return {"levels": self.levels}

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, H, W)`` on the levels."""
        steps = params["levels"] - 1
        coarse = image.mul(steps).round().div(steps).clamp(0, 1)
        return coarse.detach() + (image - image.detach()) if image.requires_grad else coarse


class Grayscale(Degradation):
    """The luma of BT.601, ``0.299 R + 0.587 G + 0.114 B``; a gray image stays as it is.

    Args:
        channels: 1, or 3 for a gray image stored as RGB.

    Raises:
        UsageError: another number of channels.
    """

    def __init__(self, channels: Literal[1, 3] = 1) -> None:
        super().__init__()
        self.channels = channels

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw nothing."""
        return {}

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, channels, H, W)``."""
        if image.shape[1] == 1:
            gray = image
        else:
            red, green, blue = image[:, :1], image[:, 1:2], image[:, 2:]
            gray = 0.299 * red + 0.587 * green + 0.114 * blue
        return gray.expand(-1, self.channels, -1, -1).clamp(0, 1)
