"""The recipes of joint generation: digits with their edges, digits with their negatives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from restore.contracts import Progress
from restore.errors import InputError
from restore.training.gan import Kind
from restore.training.numbers import check_number
from restore.training.squares import load_squares
from restore_cogan.agreement import edges, negative, pixel_agreement
from restore_cogan.coupled import CoupledRecipe, Schedule
from restore_cogan.digits import SIDE
from restore_cogan.prior import CoGAN

SCORED = 1000
"""Pairs that the score of a training is a mean over."""


class CoGANEdge(CoupledRecipe):
    """Digits and their edges. Of one half of the images the edges are taken, of the other not: there is no pair."""

    name = "cogan-mnist-edge"
    model = "cogan-mnist-edge"
    validation_protocol = (
        f"agreement of the pixels of {SCORED} generated pairs, binarised at 0.5; strangers: of no pairs"
    )
    names: ClassVar[tuple[str, str]] = ("mnist", "edge")

    def __init__(
        self,
        steps: int = 25_000,
        batch_size: int = 128,
        width: float = 1.0,
        tied: int = 4,
        critic_tied: int = 3,
        latent: int = 100,
        dropout: float = 0.5,
        loss: Kind = "vanilla",
        consistency: float = 0.0,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        momentum: float = 0.5,
        weight_decay: float = 5e-4,
        schedule: Schedule = "constant",
        ema: float = 0.0,
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        """Say how pairs are learnt without one.

        Args:
            steps: optimisation steps of each pair of networks.
            batch_size: images a step, of each domain.
            width: share of the channels of the paper's generators.
            tied: layers that the generators have in common, from the noise on; 0: two GANs of their own.
            critic_tied: layers that the critics have in common, to the judgement.
            latent: how many numbers a latent has.
            dropout: share of a critic's features that its judgement does without.
            loss: ``vanilla`` (not saturating), ``lsgan``, ``hinge``, ``relativistic``.
            consistency: weight of the distance between the features of a generated pair.
            learning_rate: of the generators' Adam, at the start.
            critic_rate: of the critics'.
            momentum: Adam's first beta, of both.
            weight_decay: of both, of weights alone.
            schedule: ``constant``; ``linear``: it falls to nothing in the second half.
            ema: decay of the moving average of the weights; 0: none.
            first: how many of the images; none: all.
            data_terms: terms of the training images, for the card.
            seed: of the initial weights, the images and the latents.
        """
        if first is not None:
            check_number("first", first, least=2)
        self.taken = first
        options = {
            "names": self.names, "tied": tied, "critic_tied": critic_tied, "width": width, "latent": latent,
            "dropout": dropout,
        }  # fmt: skip
        super().__init__(
            steps=steps, batch_size=batch_size, model_options=options, loss=loss, classification=0.0,
            consistency=consistency, learning_rate=learning_rate, critic_rate=critic_rate, momentum=momentum,
            weight_decay=weight_decay, schedule=schedule, ema=ema, data_terms=data_terms, seed=seed,
        )  # fmt: skip

    @staticmethod
    def transform(image: Tensor) -> Tensor:
        """Return what the second domain has in place of images ``(n, 1, 28, 28)`` in [0, 1]."""
        return edges(image)

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


class CoGANNegative(CoGANEdge):
    """Digits and their negatives, likewise."""

    name = "cogan-mnist-negative"
    model = "cogan-mnist-negative"
    names = ("mnist", "negative")

    @staticmethod
    def transform(image: Tensor) -> Tensor:
        """Return the negatives."""
        return negative(image)
