"""What a loss says where the prediction is the target: zero, or the least that there is."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from restore.contracts import Loss
from restore.testing.check import Inapplicable, check, require
from restore.testing.losses.given import Given, build, given, in_float64, spec_of
from restore.testing.losses.gradients import slope_of
from restore.testing.losses.values import ZERO, numbers
from restore.testing.subject import Subject

DOWNHILL = (1e-3, 1e-2)
"""How far the pixel with the steepest slope goes along it, away from the target."""


@check("at equality it is zero, or minimal, as declared")
def value_at_equality(subject: Subject) -> None:
    """Looked at beside noise, other brightness, a blur, other contrast, and where its own gradient leads."""
    declared = spec_of(subject).at_equality
    if declared == "unknown":
        raise Inapplicable("its descriptor does not say what it is at equality (at_equality)")
    loss, call = build(subject), given(subject, amount=0)
    equal = call.ask(loss).detach()
    if declared == "zero":
        require(
            bool((equal.abs() <= ZERO).all()),
            expected="0 where the prediction is the target, as at_equality='zero' declares",
            found=numbers(equal),
            cure="declare 'minimal' if there is an offset; else look at what is done to only one of the two",
        )
    for told, other in _others(call):
        _require_worse(other.ask(loss).detach(), equal, told, declared)
    _require_rest(in_float64(loss), given(subject, amount=0, dtype=torch.float64), declared)


def _others(call: Given) -> Iterator[tuple[str, Given]]:
    """Yield predictions that are not the target, with what they are."""
    target = call.target
    for amount in (0.01, 0.1, 0.3):
        yield f"noise of {amount:g}", call.noisy(amount)
    for shift in (-0.2, -0.05, 0.05, 0.2):
        yield f"a brightness of {shift:+g}", call.predicting(target + shift)
    yield "a blur of 3 x 3 pixels", call.predicting(F.avg_pool2d(F.pad(target, (1, 1, 1, 1), "replicate"), 3, 1))
    mean = target.mean((-1, -2), keepdim=True)
    for factor in (0.8, 1.25):
        yield f"a contrast of {factor:g}", call.predicting(mean + factor * (target - mean))


def _require_rest(loss: Loss, call: Given, declared: str) -> None:
    """Go where the gradient leads from the target: nothing better may be there. Raises CheckFailed."""
    equal, slope = call.ask(loss).detach(), slope_of(loss, call)
    require(
        bool(torch.isfinite(slope).all()),
        expected="a finite gradient at equality, which training comes near",
        found=f"{int((~torch.isfinite(slope)).sum())} of {slope.numel()} values are not",
        cure="a root or a division at 0 has no finite gradient: add a small number inside",
    )
    steepest = slope.abs().flatten(1).amax(1).view(-1, 1, 1, 1)
    way = torch.where(steepest > 0, slope / steepest.clamp_min(torch.finfo(slope.dtype).tiny), 0)
    for step in DOWNHILL:
        lower = call.predicting(call.target - step * way).ask(loss).detach()
        _require_worse(lower, equal, f"a step of {step:g} down its gradient", declared)


def _require_worse(other: Tensor, equal: Tensor, told: str, declared: str) -> None:
    require(
        bool((other >= equal - ZERO).all()),
        expected=f"no value below that at equality, as at_equality={declared!r} declares",
        found=f"{numbers(other)} with {told}, {numbers(equal)} at equality",
        cure="check the sign, and what is asked of the prediction alone; declare at_equality='unknown' if the target "
        "is not the best prediction",
    )
