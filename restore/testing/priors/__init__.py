"""Checks of priors."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.priors.capabilities import (
    critic_gives_logits,
    encode_gives_latents,
    features_gives_maps,
    stages_make_the_image,
)
from restore.testing.priors.conduct import inputs_are_left_alone, process_is_left_alone
from restore.testing.priors.decoding import (
    batch_equals_singles,
    decode_gives_images,
    decode_is_differentiable,
    same_inputs_same_result,
)
from restore.testing.priors.sampling import a_seed_decides_the_latents, latents_have_their_shape
from restore.testing.priors.state import state_goes_through_safetensors

CHECKS: tuple[Check, ...] = (
    latents_have_their_shape,
    a_seed_decides_the_latents,
    decode_gives_images,
    batch_equals_singles,
    same_inputs_same_result,
    inputs_are_left_alone,
    process_is_left_alone,
    decode_is_differentiable,
    encode_gives_latents,
    critic_gives_logits,
    features_gives_maps,
    stages_make_the_image,
    state_goes_through_safetensors,
)
