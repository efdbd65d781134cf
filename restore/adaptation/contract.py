"""What a recipe offers that can adapt, and the network that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Adapts(Protocol):
    """A recipe that learns to read images without labels from others that have some.

    What it trains is a prior that ``Classifies``; ``restore.adapt`` finds the recipe by its name.
    """

    shape: tuple[int, int, int]
    """(channels, height, width) of the images that it takes."""
    view: Mapping[str, Any]
    """Options with which the prior classifies images of the second domain."""

    def give(self, source: Tensor, labels: Tensor, target: Tensor) -> None:
        """Take the images that are learnt from, in place of a folder's; ``load_data`` then needs none.

        Args:
            source: uint8 ``(N, *shape)``.
            labels: of the source, ``(N,)`` from 0 on, without gaps.
            target: uint8 ``(M, *shape)``.
        """
        ...


@runtime_checkable
class Classifies(Protocol):
    """A prior that can tell what an image is of."""

    reads: tuple[int, int, int]
    """(channels, height, width) of the images that it classifies."""

    def classify(self, image: Tensor) -> Tensor:
        """Return logits ``(B, classes)`` of images in [0, 1]."""
        ...
