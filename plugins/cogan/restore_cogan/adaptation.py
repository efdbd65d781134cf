"""The recipe of unsupervised domain adaptation: digits with labels, and others without."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from torch import nn

from restore.contracts import Progress
from restore_cogan.accuracy import accuracy, classified
from restore_cogan.digits import Digits, Name, read
from restore_cogan.prior import CoGAN
from restore_cogan.reading import ReadingRecipe

Direction = Literal["mnist-usps", "usps-mnist"]
NAMES: tuple[Name, ...] = get_args(Name)
DOMAINS: Mapping[Direction, tuple[Name, Name]] = {"mnist-usps": ("mnist", "usps"), "usps-mnist": ("usps", "mnist")}


class CoGANDigits(ReadingRecipe):
    """A reader of digits of one set that has learnt from the labels of another, as the authors' code trains it.

    The classifier sees labels of the first domain alone.

    Args:
        direction: ``mnist-usps``: MNIST has labels and USPS is read; ``usps-mnist``.
        mnist: how many digits of MNIST's training set are drawn, by the seed; none: all.
        usps: likewise of USPS.
        seed: of the draw, the initial weights, the images and the latents.

    Raises:
        UsageError: a number that makes no sense.
    """

    name = "cogan-digits"
    model = "cogan-digits"
    classes = 10
    validation_protocol = (
        "share of digits without labels that are read right: target, of those trained on; held_out, of the test set"
    )

    def __init__(
        self,
        direction: Direction = "mnist-usps",
        mnist: int | None = 2000,
        usps: int | None = 1800,
        seed: int = 0,
        **options: Any,
    ) -> None:
        self.names = self.sets = DOMAINS[direction]
        self.counts: Mapping[Name, int | None] = {"mnist": mnist, "usps": usps}
        super().__init__(seed=seed, **options)

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Draw digits of both training sets, and read the test set of the second."""
        source, self.target = draw(folder, self.sets, self.counts, self.seed)
        self.held_out = read(folder, self.sets[1], "test")
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
