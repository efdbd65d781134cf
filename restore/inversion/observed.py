"""What was observed, checked and put where the search is."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from restore.contracts import Observation
from restore.errors import InputError
from restore.inversion.prepared import Prepared


def placed(observation: Observation, prepared: Prepared) -> Observation:
    """Return the observation on the prior's device; missing pixels are 0, whatever was there.

    Raises:
        InputError: no image, one of another form, a mask that does not belong to it, NaN among known pixels.
    """
    image, mask = observation.image, observation.mask
    if image.ndim != 4 or not torch.is_floating_point(image):
        raise InputError(f"a search observes images (B, C, H, W) of floats, not {tuple(image.shape)} of {image.dtype}")
    if not len(image):
        raise InputError("no image was observed, so there is nothing to search for")
    observation.check_mask()
    image = _placed(image, prepared)
    if mask is not None:
        mask = _placed(mask, prepared)
        image = torch.where(mask > 0, 0, image)
    if not torch.isfinite(image).all():
        raise InputError("what was observed holds NaN or infinity among its known pixels", "mask such pixels")
    return replace(observation, image=image, mask=mask)


def _placed(values: Tensor, prepared: Prepared) -> Tensor:
    """Return values for the search; those made in inference mode as a copy, through which gradients can flow."""
    values = values.to(prepared.device, prepared.dtype)
    return values.clone() if values.is_inference() else values
