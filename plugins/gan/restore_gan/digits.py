"""A reader of digits, and how to train it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restore import weights
from restore.contracts import Batch, Phase, Progress, Recipe
from restore.errors import InputError, UsageError, WeightsError
from restore.runtime.policy import choose_device
from restore.training.data import generator as randomness
from restore.training.numbers import check_number
from restore.training.schedule import cosine
from restore.training.squares import load_digits

SIDE, CLASSES = 28, 10
MODEL = "digit-reader"
FILE = "restore_gan:weights/digits.safetensors"
SHA256 = "ac4ff7fd0aeaa0711dfaadfdd30cb088f0b78081b71685f5754246d2a1cfa028"
FARTHEST = 2
"""Pixels by which a digit is moved at random in training."""


class DigitReader(nn.Module):
    """Six convolutions, two of them halving, batch norm and ReLU; means over places; ten logits.

    Args:
        width: channels of the first maps.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = (1, width, width, 2 * width, 2 * width, 4 * width, 4 * width)
        layers: list[nn.Module] = []
        for number, (coming, going) in enumerate(pairwise(widths)):
            stride = 2 if number in (2, 4) else 1
            layers += [
                nn.Conv2d(coming, going, 3, stride, padding=1, bias=False), nn.BatchNorm2d(going), nn.ReLU(),
            ]  # fmt: skip
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(widths[-1], CLASSES)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits ``(B, 10)`` of digits ``(B, 1, 28, 28)`` in [0, 1], white on black."""
        logits: Tensor = self.last(self.features(image))
        return logits

    def features(self, image: Tensor) -> Tensor:
        """Return what the logits are made of, ``(B, 4 * width)``. Raises InputError for images of another shape."""
        if image.shape[1:] != (1, SIDE, SIDE):
            raise InputError(f"digits are (B, 1, {SIDE}, {SIDE}), not {tuple(image.shape)}", "convert and resize them")
        found: Tensor = self.layers(image * 2 - 1).mean((2, 3))
        return found


def load_reader(path: Path | None = None, device: str = "auto") -> DigitReader:
    """Return the reader with weights, in evaluation mode.

    Args:
        path: weights that the recipe ``digits`` wrote; None: those that come with this package.
        device: ``auto``, ``cpu``, ``cuda``.

    Raises:
        WeightsError: weights that are missing, damaged, or of another network.
        DeviceError: a device that is absent.
    """
    state, metadata = weights.read(*((path,) if path is not None else (_packaged(), SHA256)))
    if metadata.get("model") != MODEL:
        raise WeightsError(f"{path} holds no weights of a reader of digits", "restore train digits writes them")
    reader = DigitReader(**json.loads(metadata["options"]))
    weights.fill(reader, state, str(path or MODEL))
    return reader.eval().requires_grad_(False).to(choose_device(device))


def _packaged() -> Path:
    found = weights.resource(FILE)
    assert found is not None, "this module lies in the package that it names"
    return found


class Digits(Recipe):
    """Cross-entropy on digits that are moved at random by up to two pixels; Adam, a cosine, averaged weights.

    Args:
        steps: optimisation steps.
        batch_size: digits a step.
        width: channels of the reader's first maps.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        ema: decay of the moving average of the weights.
        first: how many of the images; none: all.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights and of the batches.

    Raises:
        UsageError: a number below 1.
    """

    name = "digits"
    model = MODEL
    validation_protocol = "share of MNIST's test digits that are read as labelled"

    def __init__(
        self,
        steps: int = 2000,
        batch_size: int = 128,
        width: int = 16,
        learning_rate: float = 2e-3,
        ema: float = 0.99,
        first: int | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        if min(steps, batch_size, width, 1 if first is None else first) < 1:
            raise UsageError("steps, batch_size, width and first are at least 1")
        check_number("learning_rate", learning_rate, above=0)
        check_number("ema", ema, least=0, below=1)
        self.steps, self.batch_size, self.seed = steps, batch_size, seed
        self.initial_rate, self.ema, self.first, self.data_terms = learning_rate, ema, first, data_terms
        self.model_options = {"width": width}

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read MNIST's training digits and their labels."""
        self.images, self.labels = (values[: self.first] for values in load_digits(folder, "train"))
        progress(len(self.images), len(self.images))
        return f"{len(self.images)} digits of MNIST's training set"

    def build(self) -> Sequence[Phase]:
        """Make the reader and its Adam."""
        network = DigitReader(**self.model_options)

        def objective(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            logits = network(batch["image"]).float()
            right = (logits.argmax(1) == batch["label"]).float().mean()
            return F.cross_entropy(logits, batch["label"]), {"accuracy": right}

        optimizer = torch.optim.Adam(network.parameters(), lr=self.initial_rate)
        return [Phase(name="reader", network=network, optimizer=optimizer, objective=objective)]

    def batch(self, step: int) -> Batch:
        """Return digits, each moved by up to two pixels, and their labels."""
        rng = randomness(self.seed, step)
        chosen = torch.from_numpy(rng.integers(len(self.images), size=self.batch_size))
        framed = F.pad(self.images[chosen], (FARTHEST,) * 4)
        moves = rng.integers(2 * FARTHEST + 1, size=(self.batch_size, 2))
        moved = [
            one[:, top : top + SIDE, left : left + SIDE]
            for one, (top, left) in zip(framed, moves.tolist(), strict=True)
        ]
        return {"image": torch.stack(moved) / 255.0, "label": self.labels[chosen]}

    def learning_rate(self, step: int) -> float:
        """Rise over 100 steps, then fall along a cosine."""
        return cosine(step - 1, self.steps, warmup=100)

    def check_validation(self, folder: Path) -> None:
        """Raise InputError where a folder holds no test digits."""
        load_digits(folder, "t10k")

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Return the accuracy on the test digits of a folder with MNIST."""
        images, labels = load_digits(folder, "t10k")
        device = next(network.parameters()).device
        read = [network(part.to(device) / 255.0).argmax(1).cpu() for part in torch.split(images, 500)]
        return {"accuracy": float((torch.cat(read) == labels).double().mean())}
