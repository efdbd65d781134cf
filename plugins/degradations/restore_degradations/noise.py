"""Noise of electronics, of photons and of broken pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from restore.contracts import Params
from restore_degradations.per_sample import PerSample, check_limits, draw_between, draw_seed, seeded, without_seed


class GaussianNoise(PerSample):
    """Additive white Gaussian noise, clamped to [0, 1].

    Args:
        sigma: standard deviation where white is 1 (25/255 = 0.098), or a range ``0.02+0.2``.

    Raises:
        UsageError: a sigma outside [0, 10].
    """

    def __init__(self, sigma: tuple[float, ...] = (0.1,)) -> None:
        super().__init__()
        check_limits("gaussian-noise", "sigma", sigma, 0, 10)
        self.sigma = sigma

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a sigma and the seed of the noise."""
        return {"sigma": draw_between(self.sigma, generator), "seed": draw_seed(generator)}

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the noisy image ``(1, C, H, W)``."""
        noise = torch.randn(image.shape, generator=seeded(choices["seed"]))
        return (image + noise.to(image) * choices["sigma"]).clamp(0, 1)

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return the image: what is added to it is all noise."""
        return image

    def knowable(self, params: Params) -> Params:
        """Return the sigma alone."""
        return without_seed(params)


class PoissonNoise(PerSample):
    """Photon noise: each value is a Poisson count over ``peak``; it has no gradient.

    Args:
        peak: mean count where the image is white, or a range; fewer photons, more noise.

    Raises:
        UsageError: a peak outside (0, 1e6].
    """

    def __init__(self, peak: tuple[float, ...] = (30.0,)) -> None:
        super().__init__()
        check_limits("poisson-noise", "peak", peak, 1e-3, 1e6)
        self.peak = peak

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a peak and the seed of the counts."""
        return {"peak": draw_between(self.peak, generator), "seed": draw_seed(generator)}

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the noisy image ``(1, C, H, W)``."""
        rate = image.detach().cpu().double() * choices["peak"]
        counts = torch.poisson(rate, generator=seeded(choices["seed"]))
        return (counts / choices["peak"]).to(image).clamp(0, 1)

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return the image, which is the mean of its counts over the peak."""
        return image

    def knowable(self, params: Params) -> Params:
        """Return the peak alone."""
        return without_seed(params)


class SaltPepper(PerSample):
    """Pixels that are stuck at white or black, in all channels at once.

    Args:
        share: of the pixels that are stuck, half of them white, or a range.

    Raises:
        UsageError: a share outside [0, 1].
    """

    def __init__(self, share: tuple[float, ...] = (0.05,)) -> None:
        super().__init__()
        check_limits("salt-pepper", "share", share, 0, 1)
        self.share = share

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a share and the seed of the places."""
        return {"share": draw_between(self.share, generator), "seed": draw_seed(generator)}

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the harmed image ``(1, C, H, W)``."""
        place = torch.rand((1, 1, *image.shape[-2:]), generator=seeded(choices["seed"])).to(image.device)
        white, stuck = place < choices["share"] / 2, place < choices["share"]
        return torch.where(stuck, white.to(image), image)

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return the image: nobody knows which pixels are stuck, and a fit by ``l1`` minds them little."""
        return image

    def knowable(self, params: Params) -> Params:
        """Return the share alone."""
        return without_seed(params)
