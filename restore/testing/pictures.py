"""Images for checks, drawn by a seed and by nothing else: shapes, edges, a little texture, from a dark end to a bright
one; and what harms them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from restore.contracts import Degradation, Params

HEIGHT, WIDTH = 45, 37
"""Odd, not square, and large enough for the networks that perceptual losses and metrics look through."""


def pictures(n: int, channels: int = 3, *, seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    """Return ``(n, channels, height, width)`` float32 in ``[0.1, 0.9]``, each sample another.

    The same seed gives the same bits; the first samples are the same whatever ``n`` is.
    """
    return torch.stack([_picture(channels, seed * 1000 + index, height, width) for index in range(n)])


def noise(like: Tensor, seed: int = 0) -> Tensor:
    """Return Gaussian noise of standard deviation 1, of the shape and dtype of a tensor."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(like.shape, generator=generator).to(like.dtype)


def _picture(channels: int, seed: int, height: int, width: int) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    level, contrast = _light(chance, height, width)
    y, x = torch.linspace(0, 1, height)[:, None], torch.linspace(0, 1, width)
    planes = []
    for _ in range(channels):
        angle, phase, edge = (float(torch.rand((), generator=chance)) for _ in range(3))
        wave = torch.sin(2 * math.pi * (3 * x * math.cos(angle) + 3 * y * math.sin(angle) + phase))
        step = (x + y > 0.6 + 0.8 * edge).float()
        planes.append(0.2 * wave + 0.15 * (2 * step - 1))
    texture = torch.rand(channels, height, width, generator=chance) * 0.1 - 0.05
    return level + contrast * (torch.stack(planes) + texture)


def _light(chance: torch.Generator, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return level and contrast, broadcastable to ``(H, W)``: a flat dark end, a flat bright one, rich between.

    They vary along the longer side, so that no part of a picture has the mean or the extremes of the whole. How much
    of it is dark, from a fifth to two thirds, is drawn, and so the mean.
    """
    turned, share, dark, bright, rich = torch.rand(5, generator=chance).tolist()
    along = torch.linspace(0, 1, max(height, width))
    along = along.flip(0) if turned < 0.5 else along
    low, high = 0.15 + 0.1 * dark, 0.75 + 0.1 * bright
    level = low + (high - low) * (8 * (along - 0.2 - 0.45 * share)).clamp(0, 1)
    contrast = (0.7 + 0.3 * rich) * torch.minimum(level - 0.1, 0.9 - level) / 0.4
    return (level, contrast) if width >= height else (level[:, None], contrast[:, None])


class Hole(Degradation):
    """Takes the middle away."""

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Nothing is left to chance."""
        return {}

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, H, W)``, gray where something is missing."""
        mask = self.mask(image, params)
        return image * (1 - mask) + 0.5 * mask

    def mask(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, 1, H, W)``."""
        height, width = image.shape[-2:]
        mask = torch.zeros_like(image[:, :1])
        mask[..., height // 3 : height * 2 // 3, width // 3 : width * 2 // 3] = 1
        return mask
