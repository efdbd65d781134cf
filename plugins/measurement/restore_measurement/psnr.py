"""PSNR as a component: the protocol says what is compared."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from restore.benchmark.metrics import psnr
from restore.benchmark.protocol import PEAK, Protocol
from restore_measurement.regions import measured


class PSNR:
    """Peak signal-to-noise ratio in dB, ``10 log10(255^2 / MSE)``; infinity for identical images."""

    label: ClassVar[str] = "PSNR"
    unit: ClassVar[str] = "dB"
    digits: ClassVar[int] = 2
    higher_is_better: ClassVar[bool] = True

    def describe(self) -> str:
        """Return in one line what is computed."""
        return "PSNR in dB, 10 log10(255^2 / MSE) over all values that the protocol compares, in float64"

    def __call__(self, prediction: Tensor, target: Tensor, protocol: Protocol, *, mask: Tensor | None = None) -> Tensor:
        """Return ``(B,)`` float64; NaN for images with values that are not finite.

        Args:
            prediction: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8.
            target: the same shape.
            protocol: rounds, crops and chooses the colour.
            mask: ``(B, 1, H, W)``, 1 = missing: only these pixels are measured.

        Raises:
            InputError: shapes that differ, or nothing left to measure.
        """
        return self.compare_prepared(protocol.prepare(prediction), protocol.prepare(target), protocol, mask=mask)

    def compare_prepared(
        self, prediction: Tensor, target: Tensor, protocol: Protocol, *, mask: Tensor | None = None
    ) -> Tensor:
        """Return the same for images that the protocol has prepared; the mask is not cropped yet."""
        return psnr(prediction, target, peak=PEAK, mask=measured(mask, protocol))
