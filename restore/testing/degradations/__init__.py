"""Checks of degradations."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.degradations.batches import batch_equals_singles
from restore.testing.degradations.conduct import inputs_are_left_alone, layout_changes_nothing, process_is_left_alone
from restore.testing.degradations.devices import device_changes_nothing
from restore.testing.degradations.draws import another_seed_differs, params_replay, same_seed_same_bits
from restore.testing.degradations.gradients import gradient_is_as_declared
from restore.testing.degradations.knowledge import noise_is_not_told
from restore.testing.degradations.masks import mask_is_as_declared, missing_pixels_are_gone
from restore.testing.degradations.outputs import shape_follows_scale, values_are_images

CHECKS: tuple[Check, ...] = (
    shape_follows_scale,
    values_are_images,
    same_seed_same_bits,
    another_seed_differs,
    params_replay,
    batch_equals_singles,
    layout_changes_nothing,
    inputs_are_left_alone,
    process_is_left_alone,
    gradient_is_as_declared,
    mask_is_as_declared,
    missing_pixels_are_gone,
    noise_is_not_told,
    device_changes_nothing,
)
