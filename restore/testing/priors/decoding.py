"""The images of a prior: their shape and range, their independence, their repetition and their gradient."""

from __future__ import annotations

import torch

from restore.testing.check import CheckFailed, check, require
from restore.testing.conduct import require_repetition
from restore.testing.pictures import noise
from restore.testing.priors.given import build, latents, require_equal
from restore.testing.state import kept
from restore.testing.subject import Subject

ALONE = 1e-5
"""By which an image may differ with its neighbours: kernels are chosen, and sums ordered, by the batch's size."""
STEP = 1e-6
CLOSE = 1e-3
DIRECTIONS = 3


@check("decode gives gray or RGB images in [0, 1]")
def decode_gives_images(subject: Subject) -> None:
    """``(n, C, H, W)`` of one size for any n, in float32, without NaN."""
    prior = build(subject)
    sizes = set()
    for name, z in {"1 latent": latents(prior, 1), "3 latents": latents(prior, 3)}.items():
        with torch.no_grad():
            image = prior.decode(z)
        require(
            image.ndim == 4 and len(image) == len(z) and image.shape[1] in (1, 3) and image.dtype == torch.float32,
            expected=f"({len(z)}, C, H, W) of float32 with 1 or 3 channels from {name}",
            found=f"{tuple(image.shape)}, {image.dtype}",
            cure="return one image for each latent, channels first",
        )
        low, high = float(image.min()), float(image.max())
        require(
            low >= 0 and high <= 1,
            expected="values in [0, 1]",
            found=f"values in [{low:.4g}, {high:.4g}]",
            cure="a network that ends in tanh needs (x + 1) / 2, one without an end .sigmoid() or .clamp(0, 1)",
        )
        sizes.add(image.shape[1:])
    require(
        len(sizes) == 1,
        expected="one size, however many there are",
        found=" and ".join(str(tuple(size)) for size in sizes),
        cure="let the size depend on options only",
    )


@check("an image is the same alone as among others")
def batch_equals_singles(subject: Subject) -> None:
    """Within 1e-5."""
    prior = build(subject)
    z = latents(prior, 4)
    with kept(), torch.no_grad():
        among = prior.decode(z)
        for index in (0, 3):
            require_equal(prior.decode(z[index : index + 1]), among[index : index + 1], "an image", ALONE)


@check("the same latents give the same images, whatever the random state")
def same_inputs_same_result(subject: Subject) -> None:
    """Bit for bit, call after call."""
    prior = build(subject)
    z = latents(prior)
    with torch.no_grad():
        require_repetition(lambda: prior.decode(z))


@check("the gradient of an image in its latent is right, in float64")
def decode_is_differentiable(subject: Subject) -> None:
    """Not zero for any sample, and confirmed by central differences; one of three directions may cross a kink."""
    prior = build(subject).double()
    z = latents(prior, 2).double().requires_grad_()
    image = prior.decode(z)
    weights = noise(image.detach(), seed=7)
    slope = None
    if image.requires_grad:
        [slope] = torch.autograd.grad((image * weights).sum(), z, allow_unused=True)
    if slope is None:
        raise CheckFailed(
            "images through which gradients flow to the latents",
            "a tensor cut off from them",
            "leave torch.no_grad(), .detach(), .round() and lookups by index out of decode",
        )
    strength = slope.abs().flatten(1).sum(1)
    require(
        bool((strength > 0).all()) and bool(torch.isfinite(slope).all()),
        expected="a finite gradient that is not zero for each latent",
        found=f"sums of |gradient| {strength.tolist()}",
        cure="look for a clamp that cuts everything, or a division by zero",
    )
    told = []
    for seed in range(DIRECTIONS):
        way = noise(z.detach(), seed=seed + 1)
        with torch.no_grad():
            ahead, behind = ((prior.decode(z + sign * STEP * way) * weights).flatten(1).sum(1) for sign in (1, -1))
        measured, claimed = (ahead - behind) / (2 * STEP), (slope * way).flatten(1).sum(1)
        if not torch.allclose(measured, claimed, rtol=CLOSE, atol=CLOSE * float(measured.abs().max())):
            told.append(f"{claimed.tolist()} claimed, {measured.tolist()} measured")
    require(
        len(told) <= 1,
        expected=f"directional derivatives that central differences confirm within {CLOSE:g}",
        found="; ".join(told),
        cure="find what is detached, rounded or has a backward of its own; constants must be float64 too",
    )
