"""How a metric behaves: it repeats itself, and leaves its inputs and the process as they were."""

from __future__ import annotations

from restore.testing.check import check
from restore.testing.conduct import require_inputs_kept, require_process_kept, require_repetition
from restore.testing.metrics.given import ask, build, given
from restore.testing.subject import Subject


@check("the same inputs give the same score, whatever the random state")
def same_inputs_same_result(subject: Subject) -> None:
    """Bit for bit, call after call."""
    metric = build(subject)
    call = given(subject, metric)
    require_repetition(lambda: ask(metric, call))


@check("inputs are left as they are")
def inputs_are_left_alone(subject: Subject) -> None:
    """Prediction and target, bit for bit."""
    metric = build(subject)
    call = given(subject, metric)
    require_inputs_kept({"prediction": call.prediction, "target": call.target}, lambda: ask(metric, call))


@check("random generators, grad mode and what else is global are left as they are")
def process_is_left_alone(subject: Subject) -> None:
    """Looked at after building and calling it, with gradients recorded and without."""

    def run() -> None:
        metric = build(subject)
        ask(metric, given(subject, metric))

    require_process_kept(run)
