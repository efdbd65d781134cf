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
from restore.training.squares import load_squares
from restore_cogan.accuracy import accuracy, classified
from restore_cogan.critic import SHAPE
from restore_cogan.prior import CoGAN
from restore_cogan.reading import ReadingRecipe

NAMES = ("source", "target")


class CoGANLabels(ReadingRecipe):
    """A reader of images without labels that has learnt from others with labels: gray squares of 28 pixels.

    ``--data`` is a folder of images with ``source/CLASS/`` for each class, and ``target/``; ``restore.adapt`` takes
    arrays. Options are those of ``cogan-digits``, less its draw.
    """

    name = "cogan"
    model = "cogan"
    validation_protocol = "share of the images with labels that are read right"
    shape: tuple[int, int, int] = SHAPE
    view: ClassVar[Mapping[str, Any]] = {"show": NAMES[1]}
    names = NAMES
    told = ""
    """What was given, once it is."""

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
