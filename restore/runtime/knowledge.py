"""What a model that is not blind is told of its images: the degradation, without the noise that was drawn."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from restore.composition import Noiseless, rows
from restore.contracts import Degradation, Params
from restore.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A degradation as whoever restores may know it.

    Args:
        degradation: on the model's device.
        params: of one image.
    """

    degradation: Degradation
    params: Params

    def of(self, count: int) -> dict[str, Any]:
        """Return what an Observation of so many images holds of it."""
        return {"degradation": self.degradation, "params": rows(self.params, [0] * count)}


def knowledge(degradation: Degradation, params: Params, device: torch.device) -> Knowledge:
    """Return what may be known of a degradation and what it drew for one image.

    Raises:
        UsageError: params of several images.
        PluginError: it does not say what of them tells the noise.
    """
    if any(length > 1 for length in _lengths(params)):
        raise UsageError("the params are those of several images", "give those of one: all images are told the same")
    told = copy.deepcopy(degradation).to(device)
    return Knowledge(degradation=Noiseless(told), params=degradation.knowable(params) if params else {})


def _lengths(params: Params) -> Iterator[int]:
    """Yield how many samples each list is of."""
    for value in params.values():
        if isinstance(value, Mapping):
            yield from _lengths(value)
        elif isinstance(value, list):
            yield len(value)
