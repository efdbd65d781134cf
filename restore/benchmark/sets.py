"""Distances between sets of images, as sets of feature vectors: is what was drawn likely, and is everything there?"""

from __future__ import annotations

import torch
from torch import Tensor

from restore.errors import InputError

ROWS = 1024
"""Rows of a table of distances that are in memory at once."""


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Return the Frechet distance of two sets as if they were Gaussian.

    ``|m1 - m2|**2 + trace(C1 + C2 - 2 (C1 C2)**(1/2))`` (Heusel et al., NIPS 2017, equation 6), with the means and
    covariances of the sets. It is the larger the fewer there are: compare sets of one size only.

    Args:
        first: ``(N, D)``.
        second: ``(M, D)``.

    Raises:
        InputError: fewer than two vectors, or other dimensions.
    """
    _check(first, second, 2)
    (mean, spread), (other_mean, other_spread) = _moments(first), _moments(second)
    # The eigenvalues of a product of two covariances are real and not below 0, up to rounding.
    roots = torch.linalg.eigvals(spread @ other_spread).real.clamp(min=0).sqrt()
    distance = (mean - other_mean).square().sum() + (spread + other_spread).trace() - 2 * roots.sum()
    return max(float(distance), 0.0)


def precision_recall(real: Tensor, fake: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """Return the share of fakes that look real, and the share of reals that the fakes cover.

    A vector lies within a set if it is no farther from one of its members than that member's k-th neighbour is
    (Kynkaanniemi et al., NeurIPS 2019, equations 1 and 2).

    Args:
        real: ``(N, D)``.
        fake: ``(M, D)``; the paper takes as many.
        neighbours: k.

    Raises:
        InputError: not more vectors than neighbours, or other dimensions.
    """
    _check(real, fake, neighbours + 1)
    return _share_within(fake, real, neighbours), _share_within(real, fake, neighbours)


def _share_within(asked: Tensor, members: Tensor, neighbours: int) -> float:
    radii = torch.cat(
        [torch.cdist(rows, members).kthvalue(neighbours + 1).values for rows in torch.split(members, ROWS)]
    )
    within = [(torch.cdist(rows, members) <= radii).any(1) for rows in torch.split(asked, ROWS)]
    return float(torch.cat(within).double().mean())


def _moments(vectors: Tensor) -> tuple[Tensor, Tensor]:
    values = vectors.double()
    return values.mean(0), torch.cov(values.T).view(values.shape[1], -1)


def _check(first: Tensor, second: Tensor, least: int) -> None:
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise InputError(f"sets of vectors are (N, D) and (M, D), not {tuple(first.shape)} and {tuple(second.shape)}")
    if min(len(first), len(second)) < least:
        raise InputError(f"{min(len(first), len(second))} vectors are too few", f"take {least} or more of each")
