"""Pairs of low- and high-resolution patches, cropped from whole images that were downscaled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from restore.composition import build_degradation
from restore.training.data import dihedral, generator

Sampling = Literal["area", "image"]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An image and its degraded version, uint8 ``(3, H, W)`` and ``(3, H/scale, W/scale)``."""

    high: Tensor
    low: Tensor


def degrade_all(
    images: Sequence[Tensor], degradation: str, scale: int, side: int, progress: Callable[[int, int], None]
) -> list[Pair]:
    """Crop images to a multiple of ``scale``, degrade them whole and round to 8 bits, as test sets are made.

    Images smaller than a patch (``side`` pixels of high resolution) are left out.
    """
    harm = build_degradation(degradation)
    chance = torch.Generator().manual_seed(0)
    pairs = []
    for done, image in enumerate(images, 1):
        height, width = (size // scale * scale for size in image.shape[1:])
        progress(done, len(images))
        if min(height, width) < side:
            continue
        high = image[:, :height, :width].contiguous()
        exact = high[None].float().div(255)
        low = harm(exact, harm.draw(exact, chance))[0].mul(255).round().clamp(0, 255).to(torch.uint8)
        pairs.append(Pair(high=high, low=low))
    return pairs


class Patches:
    """Random aligned patches under the 8 symmetries of the square.

    Args:
        pairs: images, none smaller than a patch.
        scale: between them.
        side: of a high-resolution patch, in pixels.
        seed: of the draws.
        sampling: ``area``: every patch is as likely as any other; ``image``: every image is.
    """

    def __init__(self, pairs: Sequence[Pair], *, scale: int, side: int, seed: int, sampling: Sampling = "area") -> None:
        self.pairs, self.scale, self.side, self.seed = pairs, scale, side // scale, seed
        places = torch.tensor(
            [(p.low.shape[1] - self.side + 1) * (p.low.shape[2] - self.side + 1) for p in pairs],
            dtype=torch.float64,
        )
        places = places if sampling == "area" else torch.ones_like(places)
        self.chances = (places / places.sum()).numpy()

    def batch(self, step: int, size: int) -> dict[str, Tensor]:
        """Return ``low`` (size, 3, side/scale, side/scale) and ``high`` (size, 3, side, side) in [0, 1]."""
        draw = generator(self.seed, step)
        lows, highs = [], []
        for index in draw.choice(len(self.pairs), size, p=self.chances):
            pair = self.pairs[index]
            top = int(draw.integers(pair.low.shape[1] - self.side + 1))
            left = int(draw.integers(pair.low.shape[2] - self.side + 1))
            symmetry = int(draw.integers(8))
            lows.append(dihedral(_crop(pair.low, top, left, self.side), symmetry))
            highs.append(dihedral(_crop(pair.high, *(v * self.scale for v in (top, left, self.side))), symmetry))
        return {"low": torch.stack(lows).float().div(255), "high": torch.stack(highs).float().div(255)}


def _crop(image: Tensor, top: int, left: int, side: int) -> Tensor:
    return image[:, top : top + side, left : left + side]
