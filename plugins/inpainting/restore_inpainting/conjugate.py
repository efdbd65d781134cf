"""Conjugate gradients: a sparse system solved from nothing but products with its matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def solved(matrix: Any, divide: Callable[[Vector], Vector], right: Vector, tolerance: float) -> Vector:
    """Return x with ``matrix @ x = right``, near enough.

    The error is measured by its energy, ``sqrt(e @ matrix @ e)``, as ``divide`` estimates it. For differences of
    neighbours that is the root of the sum of their squares: an error is then hardly larger in any pixel.

    Args:
        matrix: ``(n, n)``, symmetric and positive definite.
        divide: an approximate division by the matrix, symmetric and positive definite itself.
        right: ``(n,)``.
        tolerance: largest energy of the error. With 0 it may never end.

    Returns:
        ``(n,)``; of no use where the right side is not finite.
    """
    x, rest = np.zeros_like(right), right.copy()
    towards = divide(rest)
    energy = _dot(rest, towards)
    while energy > tolerance**2:
        pushed = matrix @ towards
        length = energy / _dot(towards, pushed)
        x += length * towards
        rest -= length * pushed
        better = divide(rest)
        before, energy = energy, _dot(rest, better)
        towards = better + energy / before * towards
    return x


def _dot(one: Vector, other: Vector) -> float:
    # BLAS shares long sums among as many threads as there are, and what it returns depends on their number.
    return float((one * other).sum())
