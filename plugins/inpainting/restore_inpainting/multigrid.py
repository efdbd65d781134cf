"""A grid of many pixels through grids of fewer: an approximate inverse at the cost of a few products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array  # type: ignore[import-untyped]
from scipy.sparse.linalg import splu  # type: ignore[import-untyped]

Vector = NDArray[np.float64]
DIRECT = 4096
"""Unknowns up to which a factorisation is quicker than more levels, for some right sides too."""
CELL = 3
"""Side of the squares of pixels that are one unknown of the next level: as far as neighbours of neighbours go."""
DAMPING = 1.6
"""Of a Jacobi step by the sum of the absolute values of a row. Below 2 it converges for every such matrix."""


def multigrid(matrix: Any, y: NDArray[np.intp], x: NDArray[np.intp]) -> Callable[[Vector], Vector]:
    """Return a function that divides vectors by a matrix, about: symmetric and positive, as the matrix is.

    It is a V-cycle of smoothed aggregation (Vanek, Mandel and Brezina 1996). One unknown stands for all in a square of
    the grid; what the square stands for is smoothed by the matrix itself, so that it fades towards known pixels however
    a hole is shaped. The matrix of a level follows from that of the level before. The last is factorised: few unknowns
    have this level only, and are solved exactly.

    Args:
        matrix: ``(n, n)``, sparse, symmetric and positive definite; neighbours on the grid are coupled.
        y, x: ``(n,)`` row and column of each unknown on the grid, not negative.
    """
    if len(y) <= DIRECT:
        # Symmetric and positive: no pivoting is needed, and an ordering of A + A' fills in least.
        symmetric = {"SymmetricMode": True}
        factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
        return factors.solve
    step = DAMPING / abs(matrix).sum(axis=1)
    damped = diags_array(step)
    transfer, y, x = _squares(y // CELL, x // CELL)
    transfer = (transfer - damped @ (matrix @ transfer)).tocsr()
    coupled = matrix @ transfer
    coarser = multigrid((transfer.T @ coupled).tocsr(), y, x)
    transfer = (transfer - damped @ coupled).tocsr()

    def cycle(vector: Vector) -> Vector:
        # A damped Jacobi step, the correction by the coarser level, another step. From a start of zero both steps
        # together are step * (2 - matrix * step), and what they do to the correction is in the transfer already.
        result = matrix @ (step * vector)
        np.subtract(2 * vector, result, out=result)
        result *= step
        result += transfer @ coarser(transfer.T @ vector)
        return result

    return cycle


def _squares(y: NDArray[np.intp], x: NDArray[np.intp]) -> tuple[Any, NDArray[np.intp], NDArray[np.intp]]:
    """Return the matrix ``(n, m)`` that gives each unknown the value of its square, and rows and columns of these."""
    taken = np.zeros((y.max() + 1, x.max() + 1), dtype=bool)
    taken[y, x] = True
    number = taken.cumsum(dtype=np.int32).reshape(taken.shape) - 1
    each = np.arange(len(y) + 1, dtype=np.int32)
    matrix = csr_array((np.ones(len(y)), number[y, x], each), shape=(len(y), int(taken.sum())))
    return matrix, *taken.nonzero()
