"""How a loss behaves: it repeats itself, and leaves its inputs and the process as they were."""

from __future__ import annotations

from restore.testing.check import check
from restore.testing.conduct import require_inputs_kept, require_process_kept, require_repetition
from restore.testing.losses.given import build, given
from restore.testing.subject import Subject


@check("the same inputs give the same value, whatever the random state")
def same_inputs_same_result(subject: Subject) -> None:
    """Bit for bit, call after call."""
    loss, call = build(subject), given(subject)
    require_repetition(lambda: call.ask(loss))


@check("inputs are left as they are")
def inputs_are_left_alone(subject: Subject) -> None:
    """Prediction and target, bit for bit."""
    loss, call = build(subject), given(subject)
    require_inputs_kept({"prediction": call.prediction, "target": call.target}, lambda: call.ask(loss))


@check("random generators, grad mode and what else is global are left as they are")
def process_is_left_alone(subject: Subject) -> None:
    """Looked at after building and calling it, with gradients recorded and without."""
    call = given(subject)
    require_process_kept(lambda: call.ask(build(subject)))
