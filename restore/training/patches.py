"""Random patches of originals, beside what a degradation makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from restore.contracts import Batch, Degradation, Progress
from restore.training.data import dihedral, generator

Sampling = Literal["area", "image"]
CONTEXT = 16
"""Pixels of a degraded patch's surroundings that are degraded with it, so that its border looks like any other part.

As many as JPEG codes at once in colour, so that what is coded together with the patch's border is whole.
"""
PROBES = 64
"""Draws that are compared before a degradation is taken to draw nothing."""


class Patches(Protocol):
    """What a recipe draws its batches from."""

    def batch(self, step: int, size: int) -> Batch:
        """Return ``degraded`` (size, C, side / scale, side / scale) and ``original`` (size, C, side, side) in [0, 1].

        ``mask`` (size, 1, side / scale, side / scale) is there where pixels are missing. The same step draws the same.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An image and its degraded version, uint8 ``(C, H, W)`` and ``(C, H / scale, W / scale)``."""

    original: Tensor
    degraded: Tensor
    mask: Tensor | None = None
    """``(1, H / scale, W / scale)``, 1 = missing, uint8; None where no pixel is."""


def is_random(degradation: Degradation, channels: int = 3) -> bool:
    """Whether a degradation may harm one image differently from draw to draw.

    It does not only if it leaves the generator alone and 64 draws, of dark images and of bright ones, are the same:
    what happens rarely is random too.

    Args:
        degradation: it is shown 4 images of 64 x 64.
        channels: of the images.
    """
    brightness = torch.linspace(0.25, 1, 4).view(4, 1, 1, 1)
    image = brightness * torch.rand(4, channels, 64, 64, generator=torch.Generator().manual_seed(0))
    first = None
    for seed in range(PROBES):
        chance = torch.Generator().manual_seed(seed)
        before = chance.get_state()
        drawn = degradation.draw(image, chance)
        if not torch.equal(before, chance.get_state()) or (first is not None and drawn != first):
            return True
        first = drawn
    return False


def degrade_all(images: Sequence[Tensor], degradation: Degradation, side: int, progress: Progress) -> list[Pair]:
    """Crop images to a multiple of the scale, degrade them whole and round to 8 bits, as test sets are made.

    Args:
        images: uint8 ``(C, H, W)``.
        degradation: one that draws nothing.
        side: of a patch of the originals, in pixels; smaller images are left out.
        progress: called with (done, total).
    """
    chance = torch.Generator().manual_seed(0)
    pairs = []
    for done, image in enumerate(images, 1):
        height, width = (size // degradation.scale * degradation.scale for size in image.shape[1:])
        progress(done, len(images))
        if min(height, width) < side:
            continue
        original = image[:, :height, :width].contiguous()
        exact = original[None].float().div(255)
        seen = degradation.observe(exact, chance)
        degraded = seen.image[0].mul(255).round().clamp(0, 255).to(torch.uint8)
        mask = None if seen.mask is None else seen.mask[0].to(torch.uint8)
        pairs.append(Pair(original=original, degraded=degraded, mask=mask))
    return pairs


class FixedPatches:
    """Random aligned patches of pairs, under the 8 symmetries of the square.

    Args:
        pairs: none smaller than a patch; all of them with a mask, or none.
        scale: between them.
        side: of a patch of the originals, in pixels.
        seed: of the draws.
        sampling: ``area``: every patch is as likely as any other; ``image``: every image is.
    """

    def __init__(self, pairs: Sequence[Pair], *, scale: int, side: int, seed: int, sampling: Sampling = "area") -> None:
        self.pairs, self.scale, self.side, self.seed = pairs, scale, side // scale, seed
        self.chances = _chances([pair.degraded for pair in pairs], self.side, sampling)

    def batch(self, step: int, size: int) -> Batch:
        """Return patches, see ``Patches``."""
        draw = generator(self.seed, step)
        degraded, originals, masks = [], [], []
        for index in draw.choice(len(self.pairs), size, p=self.chances):
            pair = self.pairs[index]
            top, left, symmetry = _place(draw, pair.degraded, self.side)
            degraded.append(dihedral(_crop(pair.degraded, top, left, self.side), symmetry))
            large = _crop(pair.original, *(value * self.scale for value in (top, left, self.side)))
            originals.append(dihedral(large, symmetry))
            if pair.mask is not None:
                masks.append(dihedral(_crop(pair.mask, top, left, self.side), symmetry))
        return {
            "degraded": torch.stack(degraded).float().div(255),
            "original": torch.stack(originals).float().div(255),
            **({"mask": torch.stack(masks).float()} if masks else {}),
        }


class FreshPatches:
    """Random patches under the 8 symmetries of the square, each degraded anew.

    Args:
        images: uint8 ``(C, H, W)``, none smaller than a patch.
        degradation: draws for each patch.
        side: of a patch of the originals, in pixels: a multiple of the degradation's scale.
        seed: of the draws.
        sampling: ``area``: every patch is as likely as any other; ``image``: every image is.
    """

    def __init__(
        self, images: Sequence[Tensor], degradation: Degradation, *, side: int, seed: int, sampling: Sampling = "area"
    ) -> None:
        self.images, self.degradation, self.side, self.seed = images, degradation, side, seed
        self.chances = _chances(images, side, sampling)

    def batch(self, step: int, size: int) -> Batch:
        """Return patches, see ``Patches``."""
        draw = generator(self.seed, step)
        rows = [self._one(draw, self.images[i]) for i in draw.choice(len(self.images), size, p=self.chances)]
        return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}

    def _one(self, draw: np.random.Generator, image: Tensor) -> Batch:
        """Degrade a patch with as much of its surroundings as there is, and cut it out of the result."""
        scale = self.degradation.scale
        top, left, symmetry = _place(draw, image, self.side)
        above, beside = (min(place // scale, CONTEXT) * scale for place in (top, left))
        below, after = (
            min((length - place - self.side) // scale, CONTEXT) * scale
            for length, place in zip(image.shape[1:], (top, left), strict=True)
        )
        window = image[:, top - above : top + self.side + below, left - beside : left + self.side + after]
        window = window[None].float().div(255)
        chance = torch.Generator().manual_seed(int(draw.integers(2**63)))
        with torch.no_grad():
            seen = self.degradation.observe(window, chance)
        patch = {"degraded": seen.image, **({} if seen.mask is None else {"mask": seen.mask})}
        cut = {name: _crop(it, above // scale, beside // scale, self.side // scale) for name, it in patch.items()}
        cut["original"] = _crop(window, above, beside, self.side)
        return {name: dihedral(it, symmetry) for name, it in cut.items()}


def _chances(images: Sequence[Tensor], side: int, sampling: Sampling) -> np.ndarray:
    """Return how likely each image is drawn."""
    sizes = [image.shape[-2:] for image in images]
    places = np.array([(height - side + 1) * (width - side + 1) for height, width in sizes], dtype=np.float64)
    places = places if sampling == "area" else np.ones_like(places)
    chances: np.ndarray = places / places.sum()
    return chances


def _place(draw: np.random.Generator, image: Tensor, side: int) -> tuple[int, int, int]:
    """Draw the top and left of a patch, and a symmetry."""
    top, left = (int(draw.integers(length - side + 1)) for length in image.shape[-2:])
    return top, left, int(draw.integers(8))


def _crop(image: Tensor, top: int, left: int, side: int) -> Tensor:
    return image[..., top : top + side, left : left + side]
