"""Checks of priors."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.priors.capabilities import critic_gives_logits, encode_gives_latents, features_gives_maps
from restore.testing.priors.decoding import (
    decode_gives_images,
    decode_is_differentiable,
    decode_is_independent_of_the_batch,
    decode_leaves_things_alone,
)
from restore.testing.priors.sampling import a_seed_decides_the_latents, latents_have_their_shape
from restore.testing.priors.state import state_goes_through_safetensors

CHECKS: tuple[Check, ...] = (
    latents_have_their_shape,
    a_seed_decides_the_latents,
    decode_gives_images,
    decode_is_independent_of_the_batch,
    decode_is_differentiable,
    decode_leaves_things_alone,
    encode_gives_latents,
    critic_gives_logits,
    features_gives_maps,
    state_goes_through_safetensors,
)
