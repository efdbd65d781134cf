"""Differentiable augmentation of a critic's images, for small training sets.

Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020. Real and generated images
are augmented alike whenever a critic sees them, so that the generator does not learn the augmentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Augmentation = Literal["color", "translation", "cutout"]
MIDDLE = 0.5
"""The gray that fills what was moved in or cut out, the middle of [0, 1]."""
FARTHEST, LARGEST = 1 / 8, 1 / 2
"""Shares of a side: how far an image is moved, and how large the square is that is cut out."""


def augment(image: Tensor, kinds: Iterable[Augmentation]) -> Tensor:
    """Return images that were changed at random, each in its own way, with a gradient.

    Args:
        image: ``(B, C, H, W)`` in [0, 1]; what comes out may lie beyond.
        kinds: ``color``: brightness by up to 0.25, saturation from none to double, contrast from half to 1.5 times;
            ``translation`` by up to an eighth; ``cutout`` of a square of half the side. Draws come from torch's
            global generator.
    """
    for kind in kinds:
        image = _WAYS[kind](image)
    return image


def _color(image: Tensor) -> Tensor:
    image = image + (_uniform(image) - 0.5) / 2
    gray = image.mean(1, keepdim=True)
    image = gray + (image - gray) * _uniform(image) * 2
    middle = image.mean((1, 2, 3), keepdim=True)
    return middle + (image - middle) * (_uniform(image) + 0.5)


def _translation(image: Tensor) -> Tensor:
    top, left = _reach(image)
    down, across = _offsets(image, top), _offsets(image, left)
    framed = F.pad(image, (left, left, top, top), value=MIDDLE)
    rows = torch.arange(image.shape[2], device=image.device) + top - down
    columns = torch.arange(image.shape[3], device=image.device) + left - across
    batch = torch.arange(len(image), device=image.device)[:, None, None]
    # Indexing puts the channels last, which is how the batch lies in memory.
    return framed.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _cutout(image: Tensor) -> Tensor:
    gone = [
        (torch.arange(side, device=image.device) - torch.randint(side + 1, (len(image), 1), device=image.device)).abs()
        < side * LARGEST / 2
        for side in image.shape[2:]
    ]
    return image.masked_fill((gone[0][:, :, None] & gone[1][:, None, :])[:, None], MIDDLE)


def _uniform(image: Tensor) -> Tensor:
    return torch.rand(len(image), 1, 1, 1, device=image.device, dtype=image.dtype)


def _reach(image: Tensor) -> tuple[int, int]:
    return int(image.shape[2] * FARTHEST + 0.5), int(image.shape[3] * FARTHEST + 0.5)


def _offsets(image: Tensor, most: int) -> Tensor:
    return torch.randint(-most, most + 1, (len(image), 1), device=image.device)


_WAYS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
}
