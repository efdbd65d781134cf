"""Checks of losses."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.losses.conduct import inputs_are_left_alone, process_is_left_alone, same_inputs_same_result
from restore.testing.losses.equality import value_at_equality
from restore.testing.losses.gradients import (
    gradient_is_the_slope,
    gradient_reaches_the_prediction,
    no_gradient_into_the_target,
)
from restore.testing.losses.values import batch_equals_singles, one_value_per_sample, values_in_range

CHECKS: tuple[Check, ...] = (
    one_value_per_sample,
    batch_equals_singles,
    value_at_equality,
    values_in_range,
    gradient_reaches_the_prediction,
    gradient_is_the_slope,
    no_gradient_into_the_target,
    same_inputs_same_result,
    inputs_are_left_alone,
    process_is_left_alone,
)
