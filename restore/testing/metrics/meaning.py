"""What the scores of a metric say: which way is better, what is best, and whether the order matters."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import torch

from restore.testing.check import Inapplicable, check, require
from restore.testing.metrics.given import ask, build, given, spec_of
from restore.testing.subject import Subject

CLOSE = 1e-6
AMOUNTS = (0.02, 0.1, 0.25)
"""Of noise: each is worse than the one before."""


@check("higher_is_better is declared and true")
def direction(subject: Subject) -> None:
    """More noise, a worse score, for every sample; more wrong labels, a worse share."""
    metric = build(subject)
    higher = getattr(metric, "higher_is_better", None)
    require(
        isinstance(higher, bool),
        expected="a class attribute higher_is_better, True or False",
        found=repr(higher),
        cure="write higher_is_better: ClassVar[bool] = False for an error or a distance, True for a quality",
    )
    labels = spec_of(subject).compares == "labels"
    what = "wrong labels" if labels else "noise"
    amounts = (0.0, 0.5, 1.0) if labels else AMOUNTS
    scores = [ask(metric, given(subject, metric, amount=amount)) for amount in amounts]
    scores = [score.mean(0, keepdim=True) for score in scores] if labels else scores
    for (less, better), (more, worse) in pairwise(zip(amounts, scores, strict=True)):
        right = better > worse if higher else better < worse
        require(
            bool(right.all()),
            expected=f"a {'lower' if higher else 'higher'} score for what is worse, as higher_is_better={higher} says",
            found=f"{better.tolist()} with {less:g} of {what}, {worse.tolist()} with {more:g}",
            cure="correct higher_is_better, or the sign",
        )


@check("what is compared with itself has the declared score, the best")
def identity(subject: Subject) -> None:
    """Better than any other prediction's, or as good."""
    declared = spec_of(subject).identity
    if declared is None:
        raise Inapplicable("its descriptor does not say what identical images score (identity)")
    metric = build(subject)
    scores = ask(metric, given(subject, metric, amount=0))
    require(
        torch.allclose(scores, torch.full_like(scores, declared), rtol=CLOSE, atol=CLOSE),
        expected=f"{declared:g} for identical samples, as identity={declared:g} declares",
        found=str(scores.tolist()),
        cure="correct the declaration; or look at what is done to only one of the two",
    )
    other = ask(metric, given(subject, metric, amount=0.5))
    higher = bool(getattr(metric, "higher_is_better", True))
    require(
        bool((scores >= other if higher else scores <= other).all()),
        expected="no better score than that of identical samples",
        found=f"{other.tolist()} for others, {scores.tolist()} for identical ones",
        cure="check the sign and higher_is_better",
    )


@check("prediction and target may change places, as declared")
def symmetry(subject: Subject) -> None:
    """Within a relative 1e-6."""
    if not spec_of(subject).symmetric:
        raise Inapplicable("its descriptor does not declare it symmetric")
    metric = build(subject)
    call = given(subject, metric)
    there = ask(metric, call)
    back = ask(metric, replace(call, prediction=call.target, target=call.prediction))
    require(
        torch.allclose(there, back, rtol=CLOSE, atol=CLOSE),
        expected="the same scores either way, as symmetric=True declares",
        found=f"{there.tolist()}, and exchanged {back.tolist()}",
        cure="leave symmetric out of the descriptor, or find what is done to only one of the two",
    )
