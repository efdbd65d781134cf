"""Checks of metrics."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.metrics.conduct import inputs_are_left_alone, process_is_left_alone, same_inputs_same_result
from restore.testing.metrics.meaning import direction, identity, symmetry
from restore.testing.metrics.protocols import compare_prepared_agrees, mask_is_measured, protocol_is_followed
from restore.testing.metrics.scores import batch_equals_singles, one_score_per_sample, uint8_equals_float

CHECKS: tuple[Check, ...] = (
    one_score_per_sample,
    batch_equals_singles,
    uint8_equals_float,
    protocol_is_followed,
    compare_prepared_agrees,
    mask_is_measured,
    direction,
    identity,
    symmetry,
    same_inputs_same_result,
    inputs_are_left_alone,
    process_is_left_alone,
)
