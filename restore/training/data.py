"""Training images: a folder held in memory as bytes, and random crops of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from restore import images
from restore.errors import InputError, UsageError
from restore.images.files import is_image, suffixes


def find_images(folder: Path | None, option: str = "--data") -> list[Path]:
    """Return the images in a folder and those below it, sorted.

    Args:
        folder: what the user gave.
        option: that it was given with, for errors.

    Raises:
        UsageError: no folder was given.
        InputError: the folder is none, or holds no images.
    """
    if folder is None:
        raise UsageError("images are needed to train on", f"name a folder of them with {option}")
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", f"name a folder of images with {option}")
    found = sorted(p for p in folder.rglob("*") if is_image(p) and p.is_file())
    if not found:
        raise InputError(
            f"{folder} holds no images", f"name a folder of images with {option}; their names end in {suffixes()}"
        )
    return found


def load_images(folder: Path | None, progress: Callable[[int, int], None]) -> list[Tensor]:
    """Decode all images of a folder as RGB.

    Args:
        folder: searched with the folders below it.
        progress: called with (done, total).

    Returns:
        uint8 tensors ``(3, H, W)`` in the order of ``find_images``.

    Raises:
        UsageError: no folder was given.
        InputError: no images, or one that cannot be read.
    """
    paths = find_images(folder)
    loaded = []
    with ThreadPoolExecutor(4) as pool:
        for image in pool.map(_load_rgb8, paths):
            loaded.append(image)
            progress(len(loaded), len(paths))
    return loaded


def _load_rgb8(path: Path) -> Tensor:
    photo = images.load(path)
    color: Tensor = photo.source().read(0, 0, photo.height, photo.width)[0]
    return color.expand(3, -1, -1).mul(255).round().to(torch.uint8).contiguous()


def generator(seed: int, step: int) -> np.random.Generator:
    """Return the source of randomness of a step, so that a run can be resumed at any of them.

    Both are 0 or more.
    """
    return np.random.default_rng([seed, step])


def seed_torch(seed: int, step: int, process: int = 0) -> None:
    """Seed torch on every device, for draws within a step: dropout, noise, a permutation.

    Args:
        seed: of the run.
        step: from 1.
        process: of those that take the step together; each draws for rows of its own.
    """
    key = (0, process) if process else (0,)
    torch.manual_seed(int(np.random.SeedSequence([seed, step], spawn_key=key).generate_state(1, np.uint64)[0]))


def dihedral(image: Tensor, symmetry: int) -> Tensor:
    """Apply one of the 8 symmetries of the square to ``(..., H, W)``: ``//4`` flips, ``%4`` quarter turns."""
    flipped = image.flip(-1) if symmetry >= 4 else image
    return torch.rot90(flipped, symmetry % 4, (-2, -1))
