"""A degradation that is known by its text alone: what it makes of a prior's images."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from restore.composition import Noiseless, build_degradation
from restore.contracts import Degradation, Observation, Params
from restore.errors import UsageError
from restore.inversion.problem import select, signal


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a degradation before any image is seen."""

    degradation: Degradation | None
    params: Params
    """For one image; they say the same for all."""
    shape: tuple[int, int, int]
    """(C, h, w) of what is observed."""
    mask: Tensor | None
    """``(1, 1, h, w)`` of the pixels that are missing in every image, or None."""

    def completed(self, observation: Observation) -> Observation:
        """Return the observation with this degradation, unless it has one of its own. Raises InputError: its mask."""
        observation.check_mask()
        if observation.degradation is not None or self.degradation is None:
            return observation
        one = Observation(image=observation.image[:1], params=self.params)
        params = select(one, torch.zeros(len(observation.image), dtype=torch.long)).params
        mask = observation.mask
        if self.mask is not None:
            own = self.mask.to(observation.image).expand(len(observation.image), -1, -1, -1)
            mask = own if mask is None else torch.maximum(mask.to(own), own)
        return replace(observation, degradation=self.degradation, params=params, mask=mask)


def know(text: str | None, image: Tensor) -> Known:
    """Return what a degradation makes of images like this one.

    Args:
        text: ``bicubic:scale=4``, or None.
        image: ``(1, C, H, W)``, of the prior.

    Raises:
        UsageError: it has no gradient, or does to each image what only chance decides.
        UnknownNameError: no plugin offers it.
    """
    if text is None:
        return Known(degradation=None, params={}, shape=_shape(image), mask=None)
    degradation = build_degradation(text).to(image.device)
    # Noise has detail in every place, so that no difference between two draws goes unseen.
    shown = torch.rand(image.shape, generator=torch.Generator().manual_seed(0)).to(image)
    draws = [degradation.draw(shown, torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    with torch.inference_mode(False), torch.enable_grad():
        first, second = (signal(shown.clone().requires_grad_(), degradation, params).detach() for params in draws)
    masks = [degradation.mask(shown, params) for params in draws]
    if not _equal(first, second) or not _equal(*masks):
        raise UsageError(
            f"{text} draws at random what it does, and what it did to an image is not known",
            "give the value instead of a range, as in gaussian-blur:sigma=1.5; missing pixels by a mask",
        )
    return Known(degradation=degradation, params=draws[0], shape=_shape(first), mask=masks[0])


def made_of(degradation: Degradation, image: Tensor) -> tuple[int, int, int]:
    """Return (C, h, w) of what a degradation makes of images like ``(1, C, H, W)``, on its device."""
    with torch.no_grad():
        return _shape(degradation.signal(image, degradation.draw(image, torch.Generator().manual_seed(0))))


def leaves(degradation: Degradation, image: Tensor) -> bool:
    """Whether a degradation, noise and all, leaves images like ``(1, C, H, W)`` as they are but for missing pixels."""
    whole = degradation.whole if isinstance(degradation, Noiseless) else degradation
    with torch.no_grad():
        params = whole.draw(image, torch.Generator().manual_seed(0))
        made, mask = whole(image, params), whole.mask(image, params)
    if made.shape != image.shape:
        return False
    return torch.equal(made, image if mask is None else torch.where(mask > 0, made, image))


def _shape(image: Tensor) -> tuple[int, int, int]:
    _, channels, height, width = image.shape
    return channels, height, width


def _equal(first: Tensor | None, second: Tensor | None) -> bool:
    return first is second if first is None or second is None else torch.equal(first, second)
