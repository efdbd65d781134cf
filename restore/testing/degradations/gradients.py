"""Gradients: exact, a surrogate, or none, as the descriptor says."""

from __future__ import annotations

import re

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError, gradcheck

from restore.contracts import Degradation, Params
from restore.testing.check import CheckFailed, check, require
from restore.testing.degradations.shown import build, images, scale_of, seeded, spec_of
from restore.testing.subject import Subject

SIDE = 11
SEEDS = range(4)


@check("the gradient is as declared: exact, a surrogate, or none")
def gradient_is_as_declared(subject: Subject) -> None:
    """An exact one is compared with differences, by torch's gradcheck in float64; a surrogate has to arrive."""
    spec, degradation = spec_of(subject), build(subject)
    side = max(SIDE, 2 * scale_of(degradation) + 1)
    # In the middle of the range, where nothing is clamped that need not be.
    image = images(degradation, dtype=torch.float64)[0][..., :side, :side].mul(0.5).add(0.25)
    for seed in SEEDS:  # one may hide all of so small an image
        params = degradation.draw(image, seeded(seed))
        gradient = _gradient(degradation, image, params)
        if gradient is not None and bool(gradient.any()):
            break
    if not spec.differentiable:
        require(
            gradient is None or not bool(gradient.any()),
            expected="no gradient flows, as differentiable=False says",
            found=f"one flows, as large as {0 if gradient is None else float(gradient.abs().max()):.3g}",
            cure='declare differentiable=True, with gradient="surrogate" unless it is the true derivative',
        )
        return
    cure = "keep to torch's differentiable operations, without detach(), numpy or item() on the image; "
    if gradient is None or not bool(gradient.any()):
        raise CheckFailed(
            "a gradient flows to the image, as differentiable=True says",
            "none arrives" if gradient is None else "it is zero everywhere",
            cure + "or declare differentiable=False",
        )
    require(
        bool(gradient.isfinite().all()),
        expected="the gradient is finite",
        found=f"{int((~gradient.isfinite()).sum())} of {gradient.numel()} values are not",
        cure="a root or a division at 0 has no finite gradient: add a small number inside",
    )
    if spec.gradient == "exact":
        _compare(degradation, image, params)


def _gradient(degradation: Degradation, image: Tensor, params: Params) -> Tensor | None:
    """Return the gradient of a weighted sum, None if there is none. Raises CheckFailed where it changes the result."""
    followed = image.clone().requires_grad_()
    result = degradation(followed, params)
    require(
        torch.equal(result.detach(), degradation(image, params).detach()),
        expected="the result is the same whether a gradient is wanted or not",
        found="it differs",
        cure="write a surrogate gradient as value.detach() + (image - image.detach())",
    )
    if not result.requires_grad:
        return None
    weights = torch.randn(result.shape, generator=seeded(1), dtype=result.dtype)
    return torch.autograd.grad((result * weights).sum(), followed, allow_unused=True)[0]


def _compare(degradation: Degradation, image: Tensor, params: Params) -> None:
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            gradcheck(lambda x: degradation(x, params), image.requires_grad_(), fast_mode=True)
    except GradcheckError as error:
        numbers = re.search(r"numerical:\s*(\S+)\s+analytical:\s*(\S+)", str(error))
        found = f"{numbers[2]} where differences give {numbers[1]}" if numbers else str(error).splitlines()[0]
        raise CheckFailed(
            "the gradient is the derivative of what is computed (torch.autograd.gradcheck in float64)",
            found,
            'mend the backward pass and compute in the image\'s type; or declare gradient="surrogate" if another '
            "function's gradient flows on purpose",
        ) from error
