"""MNIST and USPS in one form, and random draws from them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from restore.errors import InputError, UsageError
from restore.resize import resize
from restore.training.squares import load_digits

SIDE = 28
MARGIN = 3
"""Black pixels around a digit of USPS before it is resized, which makes its mean digits those of MNIST."""
Part = Literal["train", "test"]
Name = Literal["mnist", "usps"]


@dataclass(frozen=True, kw_only=True)
class Digits:
    """Digits, white on black: uint8 ``(N, 1, 28, 28)`` with labels ``(N,)`` from 0 to 9."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def drawn(self, count: int | None, generator: np.random.Generator, name: str) -> Digits:
        """Return as many at random, each at most once; None: all.

        Raises:
            UsageError: there are not as many, by the name of the option.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self):
            raise UsageError(
                f"{name}={count}, and there are {len(self)} digits", f"{name} is 1 to {len(self)}, or none"
            )
        chosen = torch.from_numpy(generator.permutation(len(self))[:count])
        return Digits(images=self.images[chosen], labels=self.labels[chosen])


def read(data: Path | None, name: Name, part: Part) -> Digits:
    """Read a part of MNIST or USPS.

    Args:
        data: a folder with the folders ``mnist`` (its four idx files) and ``usps`` (one ``.npz`` with ``x_train``,
            ``y_train``, ``x_test``, ``y_test``), or with the files of both.
        name: of the set.
        part: training or test set.

    Raises:
        UsageError: no folder was named.
        InputError: files that are absent or hold something else.
    """
    if data is None:
        raise UsageError("digits are needed", "name the folder of mnist/ and usps/ with --data")
    folder = data / name if (data / name).is_dir() else data
    if name == "usps":
        return _read_usps(folder, part)
    if not any(folder.glob("*-ubyte*")):
        raise InputError(
            f"{data} holds neither a folder mnist nor MNIST's files",
            "--data names a folder with mnist/ (MNIST's four idx files, gzipped or not) and usps/ (one .npz)",
        )
    images, labels = load_digits(folder, "train" if part == "train" else "t10k")
    return Digits(images=images, labels=labels)


def _read_usps(folder: Path, part: Part) -> Digits:
    paths = sorted(folder.glob("*.npz"))
    if len(paths) != 1:
        raise InputError(
            f"{folder} holds {len(paths)} .npz files", "USPS is one, in the folder usps/ of --data, beside mnist/"
        )
    try:
        with np.load(paths[0], allow_pickle=False) as archive:
            images, labels = (torch.from_numpy(archive[f"{letter}_{part}"]) for letter in "xy")
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{paths[0]} cannot be read as USPS: {error}", _FORM) from error
    whole = not labels.is_floating_point() and not labels.is_complex()
    fits = images.dtype == torch.uint8 and images.ndim == 3 and images.shape[1:] == (16, 16) and whole
    if not fits or labels.shape != images.shape[:1] or not len(labels):
        raise InputError(
            f"{paths[0]} holds images {tuple(images.shape)} of {images.dtype} and labels {tuple(labels.shape)}", _FORM
        )
    labels = labels.long()
    if int(labels.min()) < 0 or int(labels.max()) > 9:
        raise InputError(f"{paths[0]} has labels from {int(labels.min())} to {int(labels.max())}", _FORM)
    return Digits(images=_as_mnist(images[:, None]), labels=labels)


_FORM = "x_train and x_test are uint8 (N, 16, 16), white on black; y_train and y_test are (N,) from 0 to 9"


def _as_mnist(images: Tensor) -> Tensor:
    """Frame and enlarge digits of 16 x 16 pixels."""
    framed = F.pad(images / 255.0, (MARGIN,) * 4)
    return resize(framed, SIDE, SIDE).clamp(0, 1).mul(255).round().to(torch.uint8)
