"""Checks of models."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.models.locality import receptive_field
from restore.testing.models.masks import any_mask, holes_filled
from restore.testing.models.precision import declared_dtypes, device_changes_nothing
from restore.testing.models.repetition import batch_equals_singles, eval_mode, same_inputs_same_result, stateless
from restore.testing.models.sharing import inputs_are_left_alone, pickles, thread_safe
from restore.testing.models.sizes import any_size, output_shape
from restore.testing.models.stored import state_goes_through_safetensors
from restore.testing.models.surroundings import inference_mode, process_is_left_alone, random_draws
from restore.testing.models.tiles import tiles_equal_whole
from restore.testing.models.values import dtype_kept, finite, plain_tensor, value_range

CHECKS: tuple[Check, ...] = (
    output_shape,
    any_size,
    finite,
    value_range,
    dtype_kept,
    plain_tensor,
    same_inputs_same_result,
    stateless,
    eval_mode,
    batch_equals_singles,
    thread_safe,
    inputs_are_left_alone,
    random_draws,
    process_is_left_alone,
    inference_mode,
    pickles,
    receptive_field,
    tiles_equal_whole,
    declared_dtypes,
    device_changes_nothing,
    any_mask,
    holes_filled,
    state_goes_through_safetensors,
)
"""From the plainest on."""
