"""The recipe of unsupervised domain adaptation: digits with labels, and others without."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from torch import nn

from restore.contracts import Progress
from restore.training.gan import Kind
from restore_cogan.accuracy import accuracy, classified
from restore_cogan.coupled import CoupledRecipe, Schedule
from restore_cogan.digits import Digits, Name, read
from restore_cogan.prior import CoGAN

Direction = Literal["mnist-usps", "usps-mnist"]
NAMES: tuple[Name, ...] = get_args(Name)
DOMAINS: Mapping[Direction, tuple[Name, Name]] = {"mnist-usps": ("mnist", "usps"), "usps-mnist": ("usps", "mnist")}


class CoGANDigits(CoupledRecipe):
    """A reader of digits of one set that has learnt from the labels of another, as the authors' code trains it.

    The critics' features feed a classifier, which sees labels of the first domain alone.

    Args:
        direction: ``mnist-usps``: MNIST has labels and USPS is read; ``usps-mnist``.
        mnist: how many digits of MNIST's training set are drawn, by the seed; none: all.
        usps: likewise of USPS.
        steps: optimisation steps of each pair of networks.
        batch_size: images a step, of each domain.
        width: share of the channels of the paper's generators.
        tied: layers that the generators have in common, from the noise on; 0: two of their own.
        critic_tied: layers that the critics have in common, to the judgement.
        latent: how many numbers a latent has.
        dropout: share of a critic's features that judgement and classifier do without.
        loss: ``vanilla`` (not saturating), ``lsgan``, ``hinge``, ``relativistic``.
        classification: weight of the cross-entropy of the labels; the paper's release has 0.5.
        consistency: weight of the squared distance between the features of a generated pair.
        learning_rate: of the generators' Adam, at the start.
        critic_rate: of the critics'.
        momentum: Adam's first beta, of both.
        weight_decay: of both, of weights alone.
        schedule: ``constant``; ``linear``: it falls to nothing in the second half.
        ema: decay of the moving average of the weights; 0: none.
        data_terms: terms of the training images, for the card.
        seed: of the draw, the initial weights, the images and the latents.

    Raises:
        UsageError: a number that makes no sense.
    """

    name = "cogan-digits"
    model = "cogan-digits"
    validation_protocol = (
        "share of digits without labels that are read right: target, of those trained on; held_out, of the test set"
    )

    def __init__(
        self,
        direction: Direction = "mnist-usps",
        mnist: int | None = 2000,
        usps: int | None = 1800,
        steps: int = 10_000,
        batch_size: int = 64,
        width: float = 1.0,
        tied: int = 4,
        critic_tied: int = 3,
        latent: int = 100,
        dropout: float = 0.0,
        loss: Kind = "vanilla",
        classification: float = 10.0,
        consistency: float = 0.01,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        momentum: float = 0.5,
        weight_decay: float = 5e-4,
        schedule: Schedule = "constant",
        ema: float = 0.0,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        self.names = DOMAINS[direction]
        self.counts: Mapping[Name, int | None] = {"mnist": mnist, "usps": usps}
        options = {
            "names": self.names, "tied": tied, "critic_tied": critic_tied, "width": width, "latent": latent,
            "dropout": dropout, "classes": 10,
        }  # fmt: skip
        super().__init__(
            steps=steps, batch_size=batch_size, model_options=options, loss=loss, classification=classification,
            consistency=consistency, learning_rate=learning_rate, critic_rate=critic_rate, momentum=momentum,
            weight_decay=weight_decay, schedule=schedule, ema=ema, data_terms=data_terms, seed=seed,
        )  # fmt: skip

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Draw digits of both training sets, and read the test set of the second."""
        source, self.target = draw(folder, self.names, self.counts, self.seed)
        self.held_out = read(folder, self.names[1], "test")
        self.images, self.labels = (source.images, self.target.images), source.labels
        progress(1, 1)
        return (
            f"{len(source)} digits of {self.names[0].upper()} with labels, {len(self.target)} of "
            f"{self.names[1].upper()} without"
        )

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """Return the accuracy on the second domain: on the digits trained on, and on the test set."""
        assert isinstance(network, CoGAN)
        sets = {"target": self.target, "held_out": self.held_out}
        return {
            name: accuracy(classified(network, digits.images, self.names[1]), digits.labels)
            for name, digits in sets.items()
        }


def draw(
    folder: Path | None, names: tuple[Name, Name], counts: Mapping[Name, int | None], seed: int
) -> tuple[Digits, Digits]:
    """Return the digits of both domains that a seed draws from the training sets.

    A set's draw depends on neither the direction nor the other set. Raises UsageError and InputError.
    """
    first, second = (
        read(folder, name, "train").drawn(counts[name], np.random.default_rng([seed, 0, NAMES.index(name)]), name)
        for name in names
    )
    return first, second
