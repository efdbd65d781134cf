"""Denoising without learning."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor

from restore.contracts import Model, Observation
from restore.errors import UsageError
from restore_classical.arrays import Array, to_array, to_tensor

FAINTEST = 1e-6
"""Sigma below which there is nothing to do: a fifteenth of a step of 16 bits."""


class Denoiser(Model):
    """A method that denoises one image after the other, on the CPU."""

    @abstractmethod
    def denoise(self, image: Array) -> Array:
        """Return the denoised image ``(H, W, C)``."""

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, C, H, W)``."""
        image = observation.image
        restored = [to_tensor(self.denoise(to_array(one))) for one in image]
        return torch.stack(restored).to(image) if restored else image


class NonLocalMeans(Denoiser):
    """Each pixel becomes a mean of those around it, weighted by how alike the patches about them are.

    Args:
        sigma: standard deviation of the noise where white is 1 (25/255 = 0.098); none: estimated, for each
            image.
        h: how unlike patches may be, over sigma; more is smoother.
        patch_size: side of a patch in pixels, odd.
        patch_distance: how far away patches are looked for, in pixels; the time grows with its square.

    Raises:
        UsageError: a sigma outside [0, 10], h outside [0.01, 100], a patch_size that is even or outside
            [3, 31], or a patch_distance outside [1, 50].
    """

    def __init__(
        self, sigma: float | None = None, h: float = 0.6, patch_size: int = 5, patch_distance: int = 6
    ) -> None:
        super().__init__()
        if sigma is not None and not 0 <= sigma <= 10:
            raise UsageError(
                f"nlm: sigma={sigma} is no noise", "sigma lies in [0, 10], where white is 1: 25/255 = 0.098"
            )
        if not 0.01 <= h <= 100:
            raise UsageError(f"nlm: h={h} is out of range", "h lies in [0.01, 100]; 0.6 suits most images")
        if not (3 <= patch_size <= 31 and patch_size % 2):
            raise UsageError(f"nlm: patch_size={patch_size} cannot be", "patch_size is odd, from 3 to 31")
        if not 1 <= patch_distance <= 50:
            raise UsageError(f"nlm: patch_distance={patch_distance} cannot be", "patch_distance lies in [1, 50]")
        self.sigma, self.h = sigma, h
        self.patch_size, self.patch_distance = patch_size, patch_distance

    def denoise(self, image: Array) -> Array:
        """Return the denoised image ``(H, W, C)``; one without noise as it is."""
        from skimage.restoration import denoise_nl_means

        sigma = estimate_sigma(image) if self.sigma is None else self.sigma
        if sigma < FAINTEST:
            return image
        denoised: Array = denoise_nl_means(
            image,
            self.patch_size,
            self.patch_distance,
            h=self.h * sigma,
            fast_mode=True,
            sigma=sigma,
            channel_axis=-1,
        )
        return denoised.reshape(image.shape)  # it comes back without its axes of length 1


class TotalVariation(Denoiser):
    """The image of least total variation that is near the noisy one, each channel for itself.

    Args:
        weight: of the total variation; about the sigma of the noise where white is 1; more is smoother.

    Raises:
        UsageError: a weight outside [0.0001, 100].
    """

    def __init__(self, weight: float = 0.1) -> None:
        super().__init__()
        if not 1e-4 <= weight <= 100:
            raise UsageError(
                f"tv-chambolle: weight={weight} is out of range",
                "weight lies in [0.0001, 100]; about the sigma of the noise is right",
            )
        self.weight = weight

    def denoise(self, image: Array) -> Array:
        """Return the denoised image ``(H, W, C)``."""
        from skimage.restoration import denoise_tv_chambolle

        denoised: Array = denoise_tv_chambolle(  # type: ignore[no-untyped-call]
            image, self.weight, channel_axis=-1
        )
        return denoised


def estimate_sigma(image: Array) -> float:
    """Estimate the standard deviation of white Gaussian noise, the mean over the channels.

    Immerkaer's mask (Fast Noise Variance Estimation, 1996) is blind to planes and multiplies the noise by 6;
    the median of what it leaves (Donoho and Johnstone, 1994) passes over edges. scikit-image's estimate needs
    PyWavelets, which is not among what it installs.

    Args:
        image: ``(H, W, C)``.

    Returns:
        Sigma in the units of the image; 0 for one with a side below 3.
    """
    if min(image.shape[:2]) < 3:
        return 0.0
    response = np.diff(np.diff(image, 2, axis=0), 2, axis=1)
    median = np.median(np.abs(response), axis=(0, 1))
    return float(median.mean()) / 6 / 0.6744897501960817
