"""A prior under check, and latents of it."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Prior
from restore.errors import DamagedWeightsError, WeightsError
from restore.testing.check import Inapplicable, require
from restore.testing.subject import Subject


def build(subject: Subject) -> Prior:
    """Return the prior. Raises Inapplicable where its weights are not here."""
    try:
        made: Prior = subject.build()
    except DamagedWeightsError:
        raise
    except WeightsError as error:
        raise Inapplicable(f"{error.message}; {error.cure}") from error
    return made


def latents(prior: Prior, n: int = 4, seed: int = 0) -> Tensor:
    """Return ``n`` latents as the prior draws them."""
    return prior.sample(n, torch.Generator().manual_seed(seed))


def images(prior: Prior, n: int = 4) -> Tensor:
    """Return images of the prior's own kind, without a gradient."""
    with torch.no_grad():
        return prior.decode(latents(prior, n))


def require_equal(alone: Tensor, among: Tensor, what: str, tolerance: float) -> None:
    """Raise CheckFailed where a sample's result depends on its neighbours by more than the tolerance."""
    difference = float((alone.double() - among.double()).abs().max()) if alone.shape == among.shape else float("nan")
    require(
        difference <= tolerance * (1 + float(alone.abs().max())),
        expected=f"{what} is the same alone as among others, within {tolerance:g}",
        found=f"they differ by up to {difference:.3g}"
        if alone.shape == among.shape
        else f"{tuple(among.shape)} and {tuple(alone.shape)}",
        cure="normalise by population statistics in eval mode; let nothing run over the first dimension",
    )
