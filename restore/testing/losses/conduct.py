"""How a loss behaves: it repeats itself, and leaves its inputs and the process as they were."""

from __future__ import annotations

import torch

from restore.testing.check import check, require
from restore.testing.losses.given import build, given
from restore.testing.state import kept
from restore.testing.subject import Subject


@check("the same inputs give the same value, whatever the random state")
def value_repeats(subject: Subject) -> None:
    """Bit for bit, call after call."""
    loss = build(subject)
    call = given(subject)
    with kept():
        values = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            values.append(call.ask(loss).detach())
    require(
        torch.equal(*values),
        expected="two calls give the same bits",
        found=f"{values[0].tolist()}, then {values[1].tolist()}",
        cure="draw nothing in forward and remember nothing between calls; randomness belongs to the recipe",
    )


@check("inputs are left as they are")
def inputs_are_left_alone(subject: Subject) -> None:
    """Prediction and target, bit for bit."""
    loss = build(subject)
    call = given(subject)
    before = (call.prediction.clone(), call.target.clone())
    call.ask(loss)
    for name, then, now in zip(("prediction", "target"), before, (call.prediction, call.target), strict=True):
        require(
            torch.equal(then, now),
            expected=f"the {name} is the same after the call",
            found=f"it changed by up to {float((then - now).abs().max()):.3g}",
            cure="use no operation in place, such as sub_() or [...] =, on what was given",
        )


@check("random generators, grad mode and what else is global are left as they are")
def process_is_left_alone(subject: Subject) -> None:
    """Looked at after building and calling it."""
    call = given(subject)
    with kept() as before:
        call.ask(build(subject))
        disturbed = before.changed()
    require(
        not disturbed,
        expected="nothing of the process changes",
        found=f"changed: {', '.join(disturbed)}",
        cure="use a generator of your own and context managers: torch.no_grad(), torch.random.fork_rng()",
    )
