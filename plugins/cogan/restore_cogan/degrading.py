"""Digits that were harmed, in the size that they had."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from restore.composition import build_degradation
from restore.contracts import Observation
from restore.errors import UsageError
from restore.resize import resize
from restore_cogan.critic import SHAPE


class Degrading:
    """A degradation by its text, whose images are enlarged again where it makes them smaller.

    Args:
        text: ``gaussian-noise:sigma=0.2`` and so on.

    Raises:
        UsageError: it cannot be done to a digit.
        UnknownNameError: no plugin offers it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.degradation = build_degradation(text)
        made = self.observe(torch.zeros(1, *SHAPE), 0).image
        if made.shape[1] != SHAPE[0]:
            raise UsageError(f"{text} makes {made.shape[1]} channels of a gray image", "take one that leaves it gray")

    def observe(self, image: Tensor, seed: int) -> Observation:
        """Return what is left of images ``(n, 1, 28, 28)``, in the size that the degradation makes."""
        return self.degradation.observe(image, torch.Generator().manual_seed(seed))

    def __call__(self, image: Tensor, seed: int) -> Tensor:
        """Return what is left of images, ``(n, 1, 28, 28)`` in [0, 1]."""
        return enlarged(self.observe(image, seed).image, image.shape[-2:])


def enlarged(image: Tensor, size: Sequence[int]) -> Tensor:
    """Return images of a height and width (bicubic)."""
    height, width = size
    return image if image.shape[-2:] == (height, width) else resize(image, height, width).clamp(0, 1)
