"""How a metric behaves: it repeats itself, and leaves its inputs and the process as they were."""

from __future__ import annotations

import torch

from restore.testing.check import check, require
from restore.testing.metrics.given import ask, build, given
from restore.testing.state import kept
from restore.testing.subject import Subject


@check("the same inputs give the same score, whatever the random state")
def score_repeats(subject: Subject) -> None:
    """Bit for bit, call after call."""
    metric = build(subject)
    call = given(subject, metric)
    with kept():
        scores = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            scores.append(ask(metric, call))
    require(
        torch.equal(*scores),
        expected="two calls give the same bits",
        found=f"{scores[0].tolist()}, then {scores[1].tolist()}",
        cure="draw nothing and remember nothing between calls",
    )


@check("inputs are left as they are")
def inputs_are_left_alone(subject: Subject) -> None:
    """Prediction and target, bit for bit."""
    metric = build(subject)
    call = given(subject, metric)
    before = (call.prediction.clone(), call.target.clone())
    ask(metric, call)
    for name, then, now in zip(("prediction", "target"), before, (call.prediction, call.target), strict=True):
        require(
            torch.equal(then, now),
            expected=f"the {name} is the same after the call",
            found=f"it changed by up to {float((then.double() - now.double()).abs().max()):.3g}",
            cure="use no operation in place, such as mul_() or [...] =, on what was given",
        )


@check("random generators, grad mode and what else is global are left as they are")
def process_is_left_alone(subject: Subject) -> None:
    """Looked at after building and calling it, with gradients recorded and without."""
    for recorded in (True, False):
        with kept(), torch.set_grad_enabled(recorded), kept() as before:
            metric = build(subject)
            ask(metric, given(subject, metric))
            changed = before.changed()
        require(
            not changed,
            expected="nothing of the process changes",
            found=f"changed: {', '.join(changed)}",
            cure="use a generator of your own and context managers: torch.no_grad(), torch.random.fork_rng()",
        )
