"""The latents of a prior: their shape, and that a seed decides them."""

from __future__ import annotations

from typing import Any

import torch

from restore.testing.check import check, require
from restore.testing.priors.given import build, latents
from restore.testing.state import RANDOM, kept
from restore.testing.subject import Subject


@check("latents have the declared latent_shape and are finite")
def latents_have_their_shape(subject: Subject) -> None:
    """One at a time and several."""
    prior = build(subject)
    shape: Any = getattr(prior, "latent_shape", None)
    require(
        isinstance(shape, tuple) and shape and all(isinstance(side, int) and side > 0 for side in shape),
        expected="latent_shape, a tuple of whole numbers from 1 on, without the batch",
        found=repr(shape),
        cure="set self.latent_shape = (128,) in __init__, or as a class attribute",
    )
    for n in (1, 3):
        z = latents(prior, n)
        require(
            z.shape == (n, *shape) and z.is_floating_point() and bool(torch.isfinite(z).all()),
            expected=f"{(n, *shape)} finite floats from sample({n}, generator)",
            found=f"{tuple(z.shape)}, {z.dtype}",
            cure="return torch.randn(n, *self.latent_shape, generator=generator)",
        )


@check("the same seed gives the same latents, another seed others; only the generator is drawn from")
def a_seed_decides_the_latents(subject: Subject) -> None:
    """Bit for bit, whatever the global random state."""
    prior = build(subject)
    with kept() as before:
        first = latents(prior, 3, seed=1)
        used = [name for name in before.changed() if name in RANDOM]
        torch.manual_seed(99)
        again, other = latents(prior, 3, seed=1), latents(prior, 3, seed=2)
    cure = "draw from the generator that sample() is given, and from nothing else"
    require(not used, expected="global generators are left alone", found=f"used: {', '.join(used)}", cure=cure)
    difference = float((first - again).abs().max())
    require(
        torch.equal(first, again),
        expected="the same bits for the same seed",
        found=f"they differ by up to {difference:.3g}",
        cure=cure,
    )
    require(
        not torch.equal(first, other) and not torch.equal(first[0], first[1]),
        expected="other latents for another seed, and for each sample",
        found="the same ones",
        cure=cure,
    )
