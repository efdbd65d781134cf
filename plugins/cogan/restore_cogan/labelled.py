"""The recipe of domain adaptation to images of one's own: from arrays (`restore.adapt`), or from folders."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from restore.contracts import Progress
from restore.errors import InputError, UsageError
from restore.training.gan import Kind
from restore.training.squares import load_squares
from restore_cogan.accuracy import accuracy, classified
from restore_cogan.coupled import CoupledRecipe, Schedule
from restore_cogan.critic import SHAPE
from restore_cogan.prior import CoGAN

NAMES = ("source", "target")


class CoGANLabels(CoupledRecipe):
    """A reader of images without labels that has learnt from others with labels: gray squares of 28 pixels.

    ``--data`` is a folder of images with ``source/CLASS/`` for each class, and ``target/``; ``restore.adapt`` takes
    arrays. Options are those of ``cogan-digits``, less its draw.

    Args:
        steps: optimisation steps of each pair of networks.
        batch_size: images a step, of each domain.
        width: share of the channels of the paper's generators.
        tied: layers that the generators have in common, from the noise on; 0: two of their own.
        critic_tied: layers that the critics have in common, to the judgement.
        latent: how many numbers a latent has.
        dropout: share of a critic's features that judgement and classifier do without.
        loss: ``vanilla`` (not saturating), ``lsgan``, ``hinge``, ``relativistic``.
        classification: weight of the cross-entropy of the labels.
        consistency: weight of the squared distance between the features of a generated pair.
        learning_rate: of the generators' Adam, at the start.
        critic_rate: of the critics'.
        momentum: Adam's first beta, of both.
        weight_decay: of both, of weights alone.
        schedule: ``constant``; ``linear``: it falls to nothing in the second half.
        ema: decay of the moving average of the weights; 0: none.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights, the images and the latents.
    """

    name = "cogan"
    model = "cogan"
    validation_protocol = "share of the images with labels that are read right"
    shape: tuple[int, int, int] = SHAPE
    view: ClassVar[Mapping[str, Any]] = {"show": NAMES[1]}

    def __init__(
        self,
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
        self.told = ""
        options = {
            "names": NAMES, "tied": tied, "critic_tied": critic_tied, "width": width, "latent": latent,
            "dropout": dropout,
        }  # fmt: skip
        super().__init__(
            steps=steps, batch_size=batch_size, model_options=options, loss=loss, classification=classification,
            consistency=consistency, learning_rate=learning_rate, critic_rate=critic_rate, momentum=momentum,
            weight_decay=weight_decay, schedule=schedule, ema=ema, data_terms=data_terms, seed=seed,
        )  # fmt: skip

    def give(self, source: Tensor, labels: Tensor, target: Tensor) -> None:
        """Take images uint8 ``(N, 1, 28, 28)``, their labels from 0 on, and images of the other domain."""
        self.images, self.labels = (source, target), labels
        self.model_options = {**self.model_options, "classes": int(labels.max()) + 1}
        content = b"".join(part.contiguous().numpy().tobytes() for part in (source, labels, target))
        self.told = (
            f"{len(source)} images with labels of {self.model_options['classes']} classes, {len(target)} without; "
            f"sha256 {hashlib.sha256(content).hexdigest()[:12]}"
        )

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read a folder, unless images were given."""
        if not self.told:
            self._read(folder, progress)
        return self.told

    def _read(self, folder: Path | None, progress: Progress) -> None:
        if folder is None:
            raise UsageError("images are needed", "name a folder with source/CLASS/ and target/ with --data")
        source = folder / NAMES[0]
        classes = sorted(path for path in source.iterdir() if path.is_dir()) if source.is_dir() else []
        if len(classes) < 2:
            raise InputError(f"{source} has {len(classes)} folders", "it has one for each class, two or more")
        read = [load_squares(path, SHAPE[1], progress, colors="gray")[0] for path in classes]
        target, _ = load_squares(folder / NAMES[1], SHAPE[1], progress, colors="gray")
        labels = torch.arange(len(classes)).repeat_interleave(torch.tensor([len(part) for part in read]))
        self.give(torch.cat(read), labels, target)
        self.told += f"; classes {', '.join(path.name for path in classes)}"

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """Return the accuracy on the images with labels."""
        assert isinstance(network, CoGAN)
        assert self.labels is not None
        return {"source": accuracy(classified(network, self.images[0], NAMES[0]), self.labels)}
