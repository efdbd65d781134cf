"""Checks of models."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.models.locality import receptive_field
from restore.testing.models.masks import any_mask, holes_filled
from restore.testing.models.precision import declared_dtypes, devices
from restore.testing.models.repetition import batch_equals_singles, deterministic, eval_mode, stateless
from restore.testing.models.sharing import input_kept, pickles, thread_safe
from restore.testing.models.sizes import any_size, output_shape
from restore.testing.models.stored import state_round_trip
from restore.testing.models.surroundings import inference_mode, process_kept, random_draws
from restore.testing.models.tiles import tiles_equal_whole
from restore.testing.models.values import dtype_kept, finite, plain_tensor, value_range

CHECKS: tuple[Check, ...] = (
    output_shape,
    any_size,
    finite,
    value_range,
    dtype_kept,
    plain_tensor,
    deterministic,
    stateless,
    eval_mode,
    batch_equals_singles,
    thread_safe,
    input_kept,
    random_draws,
    process_kept,
    inference_mode,
    pickles,
    receptive_field,
    tiles_equal_whole,
    declared_dtypes,
    devices,
    any_mask,
    holes_filled,
    state_round_trip,
)
"""From the plainest on."""
