"""Where searches start."""

from __future__ import annotations

import functools
from typing import Literal

import torch
from torch import Tensor

from restore.contracts import Encodes, Observation
from restore.errors import InputError, UsageError
from restore.inversion.portions import Portions
from restore.inversion.prepared import Prepared
from restore.resize import resize

Start = Literal["random", "normal", "encoder"] | Tensor
"""``random``: latents as the prior draws them. ``normal``: normal numbers, moved into the domain, as the
semantic-inpainting authors start. ``encoder``: the prior's guess first, then random ones. Or latents,
``(B, *latent_shape)`` for the first restart or ``(B, restarts, *latent_shape)``."""


def starts(
    how: Start, prepared: Prepared, observation: Observation, portions: Portions, *, seed: int, restarts: int
) -> Tensor:
    """Return latents ``(B, restarts, *latent_shape)``.

    Random ones depend on the seed and the number of the restart alone: every image has the same, so that it starts as
    it would without the others.

    Raises:
        UsageError: the prior has no encoder, or there is no such start.
        InputError: latents of another shape, or not finite.
    """
    count = len(observation.image)
    drawn = prepared.sample(seed, restarts)
    if isinstance(how, str) and how == "normal":
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.cat([torch.randn(1, *prepared.shape, generator=generator) for _ in range(restarts)]).to(drawn)
    found = drawn.expand(count, *drawn.shape).clone()
    if isinstance(how, Tensor):
        return _given(how, found)
    if how == "encoder":
        if not isinstance(prepared.prior, Encodes):
            raise UsageError(f"{type(prepared.prior).__name__} has no encoder to start from", "start=random")
        found[:, 0] = torch.cat(portions.each(count, functools.partial(_guessed, prepared, observation)))
    elif how not in ("random", "normal"):
        raise UsageError(f"no search starts from {how!r}", "start is random, normal, encoder, or latents")
    return found


def _guessed(prepared: Prepared, observation: Observation, rows: slice) -> Tensor:
    """Return the encoder's latents of some of the images."""
    assert isinstance(prepared.prior, Encodes)
    image, mask = observation.image[rows], observation.mask
    part = Observation(image=image, mask=None if mask is None else mask[rows])
    with torch.no_grad():
        return prepared.prior.encode(encoder_view(part, prepared.size)).to(image)


def _given(z: Tensor, found: Tensor) -> Tensor:
    count, _, *shape = found.shape
    if tuple(z.shape) not in [(count, *shape), tuple(found.shape)]:
        raise InputError(
            f"the search is to start from {tuple(z.shape)}",
            f"latents are {(count, *shape)}, or {tuple(found.shape)} with one for each restart",
        )
    if not torch.isfinite(z).all():
        raise InputError("the search is to start from latents that are not finite")
    if z.ndim == found.ndim:
        return z.to(found)
    found[:, 0] = z.to(found)
    return found


def encoder_view(observation: Observation, size: tuple[int, int, int]) -> Tensor:
    """Return what an encoder is shown of an observation: images of the prior's size, as it should be trained on.

    Missing pixels are the mean of the known ones of their image (0.5 where none is), other sizes are resized, other
    colours made gray.

    Args:
        observation: of ``B`` images.
        size: (C, H, W) of the prior's images.
    """
    image = observation.image
    if observation.mask is not None:
        there = (observation.mask <= 0).to(image)
        total = there.flatten(1).sum(1)
        mean = (image * there).flatten(2).sum(2) / total.clamp(min=1)[:, None]
        mean = torch.where(total[:, None] > 0, mean, 0.5)
        image = torch.where(observation.mask > 0, mean[..., None, None], image)
    channels, height, width = size
    if image.shape[-2:] != (height, width):
        image = resize(image, height, width).clamp(0, 1)
    if image.shape[1] == channels:
        return image
    return image.mean(1, keepdim=True).expand(-1, channels, -1, -1)
