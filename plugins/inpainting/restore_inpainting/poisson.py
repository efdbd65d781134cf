"""Poisson blending: a fill takes the colours of what is around it and keeps its own detail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from torch import Tensor

from restore_inpainting.conjugate import solved
from restore_inpainting.multigrid import multigrid

Array = NDArray[Any]
TOLERANCE = 3e-7
"""Of the largest difference at the rim of a hole: in energy, so that no pixel is off by more than a few of it."""


class Poisson:
    """The equations of one mask, prepared once and solved for any number of images.

    Sought is ``x = argmin ||grad x - grad fill||**2`` where ``x`` is the image at all known pixels. Gradients are
    differences of neighbours, and there are none across the border of the image. With ``e = x - fill`` and ``N(p)``
    the two to four neighbours of a missing pixel ``p``,

        |N(p)| e(p) - sum of e over N(p), missing ones = sum of (image - fill) over N(p), known ones

    so that ``e`` is the membrane through the differences at the rim of a hole. There is one solution, unless nothing
    is known at all: the result then is the fill.

    Args:
        missing: ``(H, W)`` of booleans: any number of holes, at any borders.
    """

    def __init__(self, missing: Tensor) -> None:
        self.missing = missing.cpu().bool()
        """As given, on the CPU."""
        self._solvable = bool(self.missing.any()) and not bool(self.missing.all())
        if not self._solvable:
            return
        whole = self.missing.numpy()
        self._region = tuple(_around(places) for places in whole.nonzero())
        self._holes = whole[self._region]
        self._rim = rim_of(self._holes)
        self._matrix = left_side(self._holes)
        self._divide = multigrid(self._matrix, *self._holes.nonzero())

    def blend(self, image: Tensor, fills: Tensor) -> Tensor:
        """Return the image with its holes filled by each fill: known pixels are the image's, bit for bit.

        Args:
            image: ``(C, H, W)``; what other pixels than those at the rim of a hole hold is not looked at.
            fills: ``(K, C, H, W)``, of gradients for all missing pixels.

        Returns:
            ``(K, C, H, W)``, of the image's dtype and on its device, and not clipped to [0, 1].
        """
        missing = self.missing.to(image.device)
        blended = torch.where(missing, fills.detach().to(image), image)
        if self._solvable:
            given = self._part(image)
            for into, several in zip(blended, fills, strict=True):
                for channel, known, fill in zip(into, given, self._part(several), strict=True):
                    filled = torch.from_numpy(fill[self._holes] + self._membrane(known, fill))
                    channel[missing] = filled.to(image)
        return blended

    def _part(self, images: Tensor) -> Array:
        """Return what holes and their rims hold of ``(C, H, W)``, in double precision."""
        rows, columns = self._region
        return images.detach()[:, rows, columns].double().cpu().numpy()

    def _membrane(self, known: Array, fill: Array) -> NDArray[np.float64]:
        """Return what has to be added to a fill ``(h, w)`` in each missing pixel."""
        difference = np.where(self._rim, known, 0) - np.where(self._rim, fill, 0)
        tolerance = TOLERANCE * float(abs(difference).max())
        return solved(self._matrix, self._divide, right_side(self._holes, difference), tolerance)


def left_side(holes: NDArray[np.bool_]) -> Any:
    """Return the matrix of the equations, a sparse ``(n, n)``, for n missing pixels of ``(H, W)``, row by row."""
    place = np.full(holes.shape, -1, dtype=np.int32)
    place[holes] = np.arange(holes.sum())
    wide = np.pad(place, 1, constant_values=-1)
    # In the order of their places, so that nothing has to be sorted: above, left, itself, right, below.
    near = wide[:-2, 1:-1], wide[1:-1, :-2], place, wide[1:-1, 2:], wide[2:, 1:-1]
    column = np.stack([places[holes] for places in near], axis=1)
    value = np.full(column.shape, -1.0)
    value[:, 2] = _neighbours(holes.shape)[holes]
    coupled = column >= 0
    start = np.append(np.int32(0), coupled.cumsum(dtype=np.int32)[len(near) - 1 :: len(near)])
    return csr_array((value[coupled], column[coupled], start), shape=(len(column), len(column)))


def rim_of(holes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rim of holes, ``(H, W)``: the known pixels beside, above or below a missing one."""
    beside = np.zeros_like(holes)
    for (here, there), (one, other) in zip(_pairs(beside), _pairs(holes), strict=True):
        here |= other
        there |= one
    return beside & ~holes


def right_side(holes: NDArray[np.bool_], difference: Array) -> NDArray[np.float64]:
    """Return the sums ``(n,)`` of a difference ``(H, W)``, which is 0 in holes, over the neighbours of their pixels."""
    around = np.zeros_like(difference)
    for (here, there), (one, other) in zip(_pairs(around), _pairs(difference), strict=True):
        here += other
        there += one
    return around[holes]


def _neighbours(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how many neighbours each pixel of an image has."""
    count = np.zeros(shape)
    for here, there in _pairs(count):
        here += 1
        there += 1
    return count


def _pairs(values: Array) -> Iterator[tuple[Array, Array]]:
    """Yield views of the two ends of all pairs of neighbours: those side by side, those above each other."""
    yield values[:, :-1], values[:, 1:]
    yield values[:-1], values[1:]


def _around(places: NDArray[np.intp]) -> slice:
    """Return the range of rows or columns and of one more on each side, where there is one."""
    return slice(max(int(places.min()) - 1, 0), int(places.max()) + 2)
