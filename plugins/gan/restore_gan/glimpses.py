"""What an encoder learns from: images of which something is lost, as a latent search would show them to it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from restore.composition import build_degradation
from restore.contracts import Degradation, Observation
from restore.inversion import encoder_view

WHOLE = "whole"
"""An image of which nothing is lost."""
LOSSES: Mapping[str, int] = {
    WHOLE: 2, "mask-center": 2, "mask-half": 2, "mask-random": 2, "mask-pattern": 2, "mask-random:share=0.2+0.95": 1,
    "mask-pattern:share=0.1+0.6,grain=0.3": 1, "mask-strokes:strokes=6,width=0.12": 1, "bicubic:scale=2": 1,
    "bicubic:scale=4": 1, "gaussian-noise:sigma=0.02+0.3": 1, "gaussian-blur:sigma=0.5+3": 1,
}  # fmt: skip
"""Degradations and how often each is met, in parts of the sum."""
OF_COLOURS: Mapping[str, int] = {"grayscale": 1}


class Glimpses:
    """Random degradations of images, resized and filled in as an encoder is shown them.

    Args:
        size: ``(C, H, W)`` of the images.

    Raises:
        UnknownNameError: no plugin offers one of the degradations.
    """

    def __init__(self, size: tuple[int, int, int]) -> None:
        self.size = size
        parts = {**LOSSES, **(OF_COLOURS if size[0] == 3 else {})}
        self.names = tuple(parts)
        self._parts = torch.tensor([float(part) for part in parts.values()])
        self._harms = [None if name == WHOLE else build_degradation(name) for name in parts]

    def __call__(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Return a glimpse ``(B, C, H, W)`` of each image, of a kind that is drawn for it."""
        return self.of(
            torch.multinomial(self._parts, len(image), replacement=True, generator=generator), image, generator
        )

    def of(self, kinds: Tensor, image: Tensor, generator: torch.Generator) -> Tensor:
        """Return glimpses of these kinds, numbers ``(B,)`` of ``names``."""
        seen = torch.empty_like(image)
        for number, harm in enumerate(self._harms):
            rows = (kinds == number).nonzero()[:, 0].to(image.device)
            if len(rows):
                seen[rows] = glimpse(image[rows], harm, generator)
        return seen


def glimpse(image: Tensor, harm: Degradation | None, generator: torch.Generator) -> Tensor:
    """Return what an encoder is shown of degraded images, in the size that they had, ``(B, C, H, W)`` in [0, 1]."""
    size = (image.shape[1], image.shape[2], image.shape[3])
    return encoder_view(Observation(image=image) if harm is None else harm.observe(image, generator), size)
