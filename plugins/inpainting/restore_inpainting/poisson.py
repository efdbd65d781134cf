"""Poisson blending: a fill takes the colours of what is around it and keeps its own detail."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.linalg import splu  # type: ignore[import-untyped]
from torch import Tensor


class Poisson:
    """The equations of one mask, factorised once and solved for any number of images.

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
        holes = missing.cpu().numpy().astype(bool)
        self.missing = torch.from_numpy(holes)
        """As given, on the CPU."""
        self._holes, count = holes.ravel(), int(holes.sum())
        self._solvable = 0 < count < holes.size
        if not self._solvable:
            return
        place = np.arange(holes.size).reshape(holes.shape)
        pairs = [(place[:, :-1], place[:, 1:]), (place[:-1], place[1:])]
        here, there = (np.concatenate([a.ravel() for pair in pairs for a in pair[::way]]) for way in (1, -1))
        here, there = here[self._holes[here]], there[self._holes[here]]
        row = (self._holes.cumsum() - 1)[here]
        inner = self._holes[there]
        diagonal = np.arange(count)
        neighbours = np.bincount(row, minlength=count)
        column = (self._holes.cumsum() - 1)[there[inner]]
        matrix = coo_array(
            (
                np.concatenate([neighbours, -np.ones(len(column))]),
                (np.concatenate([diagonal, row[inner]]), np.concatenate([diagonal, column])),
            ),
            shape=(count, count),
        )
        # Symmetric and diagonally dominant: no pivoting is needed, and an ordering of A + A' fills in least.
        symmetric = {"SymmetricMode": True}
        self._factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
        rim = (np.ones(int((~inner).sum())), (row[~inner], there[~inner]))
        self._rim = coo_array(rim, shape=(count, holes.size)).tocsr()

    def blend(self, image: Tensor, fills: Tensor) -> Tensor:
        """Return the image with its holes filled by each fill: known pixels are the image's, bit for bit.

        Args:
            image: ``(C, H, W)``; what missing pixels hold is not looked at.
            fills: ``(K, C, H, W)``, of gradients for all missing pixels.

        Returns:
            ``(K, C, H, W)``, of the image's dtype and on its device, and not clipped to [0, 1].
        """
        missing = self.missing.to(image.device)
        return torch.where(missing, self._filled(image, fills).to(image), image)

    def _filled(self, image: Tensor, fills: Tensor) -> Tensor:
        if not self._solvable:
            return fills
        fill = fills.detach().double().cpu().numpy().reshape(-1, self._holes.size)
        given = image.detach().double().cpu().numpy().reshape(-1, self._holes.size)
        difference = np.tile(given, (len(fills), 1)) - fill
        blended = fill.copy()
        blended[:, self._holes] += self._factors.solve(self._rim @ difference.T).T
        return torch.from_numpy(blended.reshape(fills.shape))
