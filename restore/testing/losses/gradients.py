"""The gradient of a loss: there, right, and nowhere but in the prediction."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from restore.contracts import Loss
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.losses.given import Given, build, given, in_float64, spec_of
from restore.testing.pictures import noise
from restore.testing.subject import Subject

STEP = 1e-7
"""Of the finite difference: so small that hardly a pixel crosses a kink, such as that of an absolute value."""
CLOSE = 1e-3
"""Share by which gradient and finite difference may differ."""
DIRECTIONS = 3


@check("the gradient reaches the prediction of every sample")
def gradient_reaches_the_prediction(subject: Subject) -> None:
    """A loss whose value was rebuilt from numbers trains nothing, and nobody notices."""
    loss = build(subject)
    for channels in spec_of(subject).channels:
        slope = slope_of(loss, given(subject, channels=channels))
        strength = slope.abs().flatten(1).sum(1)
        require(
            bool((strength > 0).all()) and bool(torch.isfinite(slope).all()),
            expected="a finite gradient that is not zero, for every sample",
            found=f"sums of |gradient| {strength.tolist()} with {channels} channels",
            cure="look for a clamp, a rounding or a comparison that stops it, or a division by zero",
        )


@check("the gradient is the slope of the value, in float64")
def gradient_is_the_slope(subject: Subject) -> None:
    """Central differences along random directions; one of three may cross a kink."""
    loss = in_float64(build(subject))
    call = given(subject, 2, dtype=torch.float64)
    slope = slope_of(loss, call)
    told = []
    for seed in range(DIRECTIONS):
        way = noise(call.prediction, seed=seed + 1)
        with torch.no_grad():
            ahead, behind = (
                replace(call, prediction=call.prediction + sign * STEP * way).ask(loss).double() for sign in (1, -1)
            )
        measured = (ahead - behind) / (2 * STEP)
        claimed = (slope * way).flatten(1).sum(1)
        if not torch.allclose(measured, claimed, rtol=CLOSE, atol=1e-7):
            told.append(f"{claimed.tolist()} claimed, {measured.tolist()} measured")
    require(
        len(told) <= 1,
        expected=f"directional derivatives that central differences confirm within {CLOSE:g}",
        found="; ".join(told),
        cure="find what is detached, rounded, or has a backward of its own; constants must be float64 too",
    )


@check("no gradient flows into the target")
def no_gradient_into_the_target(subject: Subject) -> None:
    """The target is what is strived for: a network behind it must not be pulled along."""
    if "target" not in spec_of(subject).needs:
        raise Inapplicable("it takes no target")
    call = given(subject)
    target = call.target.clone().requires_grad_()
    value = replace(call, prediction=call.prediction.clone().requires_grad_(), target=target).ask(build(subject))
    _require_graph(value)
    [slope] = torch.autograd.grad(value.sum(), target, allow_unused=True)
    require(
        slope is None or not slope.any(),
        expected="no gradient in a target that requires one",
        found=f"a gradient of up to {float(slope.abs().max()) if slope is not None else 0:.3g}",
        cure="use target.detach()",
    )


def slope_of(loss: Loss, call: Given) -> Tensor:
    """Return the gradient in the prediction. Raises CheckFailed where there is none."""
    prediction = call.prediction.clone().requires_grad_()
    value = replace(call, prediction=prediction).ask(loss)
    _require_graph(value)
    [slope] = torch.autograd.grad(value.sum(), prediction, allow_unused=True)
    if slope is None:
        raise CheckFailed(
            "a gradient in the prediction",
            "a value that has a gradient, but none that leads to the prediction",
            "compute it from the prediction itself, not from prediction.detach() or a copy",
        )
    return slope


def _require_graph(value: Tensor) -> None:
    require(
        value.requires_grad,
        expected="a value through which gradients flow",
        found="a tensor cut off from its computation (requires_grad is False)",
        cure="return what was computed, never torch.tensor(...), .item(), .detach() or a no_grad block",
    )
