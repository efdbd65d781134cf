"""Where to look: the places of an image in which methods differ most, and maps of their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""``(H, W, C)``, C is 1 or 3."""


@dataclass(frozen=True)
class Box:
    """A part of an image, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, image: Pixels) -> Pixels:
        """Return the part."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def overlaps(self, other: Box) -> bool:
        """Tell whether the two share a pixel."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


def error(image: Pixels, target: Pixels) -> NDArray[np.float64]:
    """Return how far each pixel is off, ``(H, W)`` in levels from 0 to 255: root of the mean square over channels."""
    difference = image.astype(np.float64) - target
    return np.sqrt(np.square(difference).mean(axis=2))


def difference(images: Sequence[Pixels], target: Pixels) -> NDArray[np.float64]:
    """Return how much methods differ at each pixel, ``(H, W)``: the spread of their errors; of one, its error."""
    errors = np.stack([error(image, target) for image in images])
    spread: NDArray[np.float64] = np.ptp(errors, axis=0)
    return spread if len(images) > 1 and spread.any() else errors.max(axis=0)


def places(amount: NDArray[np.float64], side: tuple[int, int], count: int, *, border: int = 0) -> list[Box]:
    """Return boxes with the largest mean square of ``amount`` ``(H, W)``, none overlapping another, largest first.

    Args:
        amount: what to look for, not negative.
        side: width and height of a box; as much as there is where the image is smaller.
        count: how many at most; fewer where no more fit.
        border: pixels on each side that are not measured and so are no place to look at, where that leaves enough.
    """
    height, width = amount.shape
    wide, tall = min(side[0], width), min(side[1], height)
    edge = border if min(width - wide, height - tall) >= 2 * border else 0
    sums = _window_sums(np.square(amount), wide, tall)
    sums = sums[edge : sums.shape[0] - edge, edge : sums.shape[1] - edge].copy()
    found: list[Box] = []
    while len(found) < count and np.isfinite(sums).any():
        top, left = (int(i) for i in np.unravel_index(int(np.nanargmax(sums)), sums.shape))
        found.append(Box(left + edge, top + edge, wide, tall))
        sums[max(0, top - tall + 1) : top + tall, max(0, left - wide + 1) : left + wide] = np.nan
    return found


def around(box: Box, size: tuple[int, int], shape: tuple[int, ...]) -> Box:
    """Return the box of ``size`` (width, height) around the centre of another, moved into an image of that shape."""
    height, width = shape[:2]
    wide, tall = min(size[0], width), min(size[1], height)
    left = min(max(box.left + box.width // 2 - wide // 2, 0), width - wide)
    top = min(max(box.top + box.height // 2 - tall // 2, 0), height - tall)
    return Box(left, top, wide, tall)


_STOPS = np.array([(13, 8, 40), (74, 20, 105), (158, 42, 99), (224, 92, 60), (251, 171, 46), (252, 250, 190)], float)


def coloured(amount: NDArray[np.float64], most: float) -> Pixels:
    """Return a map ``(H, W, 3)``: dark for 0, bright for ``most`` and more; lighter always means more."""
    share = np.clip(amount / most if most > 0 else np.zeros_like(amount), 0, 1) * (len(_STOPS) - 1)
    stops = np.arange(len(_STOPS))
    channels = [np.interp(share, stops, _STOPS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def shrunk(amount: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Return the means over square blocks, so that no side is longer than ``longest``; incomplete ones are cut off."""
    block = -(-max(amount.shape) // longest)
    height, width = (max(1, side // block) for side in amount.shape)
    if block == 1 or min(amount.shape) < block:
        return amount
    cut = amount[: height * block, : width * block]
    return cut.reshape(height, block, width, block).mean(axis=(1, 3))


def _window_sums(amount: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    sums = np.pad(amount.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
