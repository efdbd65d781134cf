"""The recipes of joint generation: digits with their edges, with negatives, with what a degradation left of digits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from restore.contracts import Progress
from restore.errors import InputError
from restore.training.numbers import check_number
from restore.training.squares import load_squares
from restore_cogan.agreement import edges, negative, pixel_agreement
from restore_cogan.coupled import CoupledRecipe
from restore_cogan.degrading import Degrading
from restore_cogan.digits import SIDE
from restore_cogan.prior import CoGAN

SCORED = 1000
"""Pairs that the score of a training is a mean over."""


class HalvesRecipe(CoupledRecipe):
    """Digits and what becomes of digits: one half of the images as they are, the other transformed; there is no pair.

    Args:
        first: how many of the images; none: all.
    """

    validation_protocol = (
        f"agreement of the pixels of {SCORED} generated pairs, binarised at 0.5; strangers: of no pairs"
    )

    def __init__(self, first: int | None = None, **options: Any) -> None:
        if first is not None:
            check_number("first", first, least=2)
        self.taken = first
        super().__init__(**options)

    @abstractmethod
    def transform(self, image: Tensor) -> Tensor:
        """Return what the second domain has in place of images ``(n, 1, 28, 28)`` in [0, 1]."""

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read digits, or other images as gray squares, and transform the second half of them."""
        images, told = load_squares(folder, SIDE, progress, colors="gray", crop="centre", first=self.taken)
        half = len(images) // 2
        if not half:
            raise InputError("one image makes no two domains", "name two images or more with --data")
        changed = (self.transform(images[half:] / 255.0) * 255).round().byte()
        self.images = (images[:half], changed)
        return f"{told}; {half} as they are, {len(changed)} others as {self.names[1]}"

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """Return the pixel agreement ratio, and that of strangers."""
        assert isinstance(network, CoGAN)
        return pixel_agreement(network, self.transform, count=SCORED)


class CoGANEdge(HalvesRecipe):
    """Digits and their edges."""

    name = "cogan-mnist-edge"
    model = "cogan-mnist-edge"
    names = ("mnist", "edge")

    def transform(self, image: Tensor) -> Tensor:
        """Return the edges."""
        return edges(image)


class CoGANNegative(HalvesRecipe):
    """Digits and their negatives."""

    name = "cogan-mnist-negative"
    model = "cogan-mnist-negative"
    names = ("mnist", "negative")

    def transform(self, image: Tensor) -> Tensor:
        """Return the negatives."""
        return negative(image)


class CoGANDegraded(HalvesRecipe):
    """Digits, and other digits that a degradation harmed; of it the networks are told nothing.

    Args:
        degradation: ``gaussian-noise:sigma=0.2``, ``gaussian-blur:sigma=2``, ``mask-random:share=0.5``,
            ``bicubic:scale=4``: what has become smaller is enlarged (bicubic).
        seed: of the initial weights, the images, the latents, and of what the degradation draws.
    """

    name = "cogan-mnist-degraded"
    model = "cogan-mnist-degraded"
    names = ("mnist", "degraded")

    def __init__(self, degradation: str = "gaussian-noise:sigma=0.2", seed: int = 0, **options: Any) -> None:
        self.degrading = Degrading(degradation)
        super().__init__(seed=seed, **options)

    def transform(self, image: Tensor) -> Tensor:
        """Return the images degraded, in their own size."""
        return self.degrading(image, self.seed)

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read as ``HalvesRecipe``."""
        return f"{super().load_data(folder, progress)} by {self.degrading.text}"
