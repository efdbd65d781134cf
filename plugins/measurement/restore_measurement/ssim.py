"""SSIM as a component: the protocol says what is compared, and with which window."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from restore.benchmark.metrics import ssim
from restore.benchmark.protocol import PEAK, Protocol
from restore_measurement.regions import measured


class SSIM:
    """Structural similarity of Wang et al. 2004, 1 for identical images."""

    label: ClassVar[str] = "SSIM"
    digits: ClassVar[int] = 4
    higher_is_better: ClassVar[bool] = True

    def describe(self) -> str:
        """Return in one line what is computed."""
        return "SSIM of Wang et al. 2004, mean over whole windows as the protocol has them, in float64"

    def __call__(self, prediction: Tensor, target: Tensor, protocol: Protocol, *, mask: Tensor | None = None) -> Tensor:
        """Return ``(B,)`` float64; NaN for images with values that are not finite.

        Args:
            prediction: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8.
            target: the same shape.
            protocol: rounds, crops, chooses the colour and the window.
            mask: ``(B, 1, H, W)``, 1 = missing: the similarity is averaged over windows around these pixels.

        Raises:
            InputError: shapes that differ, images smaller than the window, or nothing left to measure.
        """
        return self.compare_prepared(protocol.prepare(prediction), protocol.prepare(target), protocol, mask=mask)

    def compare_prepared(
        self, prediction: Tensor, target: Tensor, protocol: Protocol, *, mask: Tensor | None = None
    ) -> Tensor:
        """Return the same for images that the protocol has prepared; the mask is not cropped yet."""
        return ssim(
            prediction, target, peak=PEAK,
            window=protocol.ssim_window, sigma=protocol.ssim_sigma, k1=protocol.ssim_k1, k2=protocol.ssim_k2,
            mask=measured(mask, protocol),
        )  # fmt: skip
