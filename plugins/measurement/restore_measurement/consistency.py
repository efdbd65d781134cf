"""LR-consistency: does the result, degraded again, give what was observed?"""

from __future__ import annotations

import copy
from typing import ClassVar

import torch
from torch import Tensor

from restore.benchmark.metrics import psnr
from restore.benchmark.protocol import PEAK, Protocol
from restore.contracts import Observation
from restore.errors import InputError


class LRConsistency:
    """PSNR in dB of ``A(prediction)`` against the observed image: all channels, whole image; infinity if equal.

    ``A`` is applied as it was to the original, with what it drew. Where the protocol rounds the observed image
    to 256 levels, ``A(prediction)`` is rounded too, and so is a prediction that the protocol rounds.
    """

    label: ClassVar[str] = "LR consistency"
    unit: ClassVar[str] = "dB"
    digits: ClassVar[int] = 2
    higher_is_better: ClassVar[bool] = True

    def describe(self) -> str:
        """Return in one line what is computed."""
        return "PSNR in dB of the result, degraded again, against what was observed: all channels, the whole image"

    def __call__(
        self, prediction: Tensor, target: Tensor, protocol: Protocol, *, observation: Observation | None = None
    ) -> Tensor:
        """Return ``(B,)`` float64.

        Args:
            prediction: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8.
            target: not looked at.
            protocol: says what is rounded.
            observation: what was observed, with the degradation and what it drew.

        Raises:
            InputError: no observation or none with a degradation, or one of another size.
        """
        if observation is None or observation.degradation is None:
            raise InputError("lr-consistency needs the observed image and its degradation", "restore bench has both")
        observed = observation.image.to(prediction.device)
        restored = prediction
        if protocol.rounding == "uint8" or not prediction.is_floating_point():
            restored = _levels(prediction, True) / PEAK
        with torch.no_grad():
            # A copy: other threads may be degrading with it elsewhere.
            degradation = copy.deepcopy(observation.degradation).to(prediction.device)
            again = degradation(restored.to(observed.dtype), observation.params)
        return psnr(
            _levels(again, protocol.degraded_rounding == "uint8"),
            _levels(observed, protocol.degraded_rounding == "uint8"),
            peak=PEAK,
        )


def _levels(image: Tensor, rounded: bool) -> Tensor:
    """Return 0..255 in float64."""
    if image.dtype == torch.uint8:
        return image.double()
    levels = image.double() * PEAK
    return levels.clamp(0, PEAK).round() if rounded else levels
