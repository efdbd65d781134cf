"""Photographs as phones and the web have them: blurred, resized there and back, noisy, compressed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from restore.contracts import Params
from restore.errors import UsageError
from restore_degradations.coding import Jpeg
from restore_degradations.per_sample import PerSample, check_limits, draw_between, draw_seed, seeded, without_seed

RESAMPLERS = ("area", "bilinear", "bicubic")
LUMA = (0.299, 0.587, 0.114)
BLOCK = 16
"""Side of what JPEG codes at once, with half as many rows and columns of colour."""


class Photo(PerSample):
    """A photograph from a phone or the web: random blur, resize there and back, noise, JPEG.

    The image is blurred by a Gaussian, round or oblong; resized by area, bilinearly or bicubically, without aliasing,
    to a size between; given Gaussian or photon noise, in colour or gray; resized to its final size, and coded as JPEG
    4:2:0. Nothing moves: image and result cover the same ground. It has no gradient. In the spirit of the first order
    of Real-ESRGAN's degradations, and of BSRGAN's; the defaults are for a scale of 4.

    Args:
        scale: input side over output side, from 1 to 1000.
        sigma: standard deviation of the blur in pixels of the input, or a range; an oblong one draws two.
        anisotropic: share of the blurs that are oblong, at any angle.
        resize: size between over final size, or a range.
        noise: standard deviation where white is 1, or a range; of photons, it is that of white.
        photon: share of the noises that are photons', with a variance in proportion to the light.
        gray: share of the noises that are the same in all channels.
        quality: of the JPEG, from 1 to 95, or a range; its blocks begin anywhere, as in a picture that was cropped.

    Raises:
        UsageError: an option out of its range.
        InputError: when applied, a final side above 65484 pixels.
    """

    def __init__(
        self,
        scale: int = 4,
        sigma: tuple[float, ...] = (0.2, 3.0),
        anisotropic: float = 0.5,
        resize: tuple[float, ...] = (0.7, 2.0),
        noise: tuple[float, ...] = (0.0, 0.06),
        photon: float = 0.5,
        gray: float = 0.4,
        quality: tuple[int, ...] = (30, 95),
    ) -> None:
        super().__init__()
        if not 1 <= scale <= 1000:
            raise UsageError(f"photo cannot downscale by {scale}", "scale is a whole number from 1 to 1000")
        for option, limits, low, high in (
            ("sigma", sigma, 0.01, 100),
            ("anisotropic", (anisotropic,), 0, 1),
            ("resize", resize, 0.1, 10),
            ("noise", noise, 0, 1),
            ("photon", (photon,), 0, 1),
            ("gray", (gray,), 0, 1),
            ("quality", quality, 1, 95),
        ):
            check_limits("photo", option, limits, low, high)
        self.scale, self.sigma, self.anisotropic, self.resize = scale, sigma, anisotropic, resize
        self.noise, self.photon, self.gray = noise, photon, gray
        self.jpeg = Jpeg(quality=quality)

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw everything that happens to one image."""
        sigma = draw_between(self.sigma, generator)
        oblong = _happens(self.anisotropic, generator)
        return {
            "sigma": sigma,
            "across": draw_between(self.sigma, generator) if oblong else sigma,
            "angle": draw_between((0.0, 180.0), generator) if oblong else 0.0,
            "resize": draw_between(self.resize, generator),
            "there": RESAMPLERS[_below(len(RESAMPLERS), generator)],
            "back": RESAMPLERS[_below(len(RESAMPLERS), generator)],
            "noise": draw_between(self.noise, generator),
            "photon": _happens(self.photon, generator),
            "gray": _happens(self.gray, generator),
            "seed": draw_seed(generator),
            **self.jpeg.draw_one(image, generator),
            "top": _below(BLOCK, generator),
            "left": _below(BLOCK, generator),
        }

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the photograph ``(1, C, ceil(H/scale), ceil(W/scale))``, multiples of 1/255."""
        height, width = (math.ceil(side / self.scale) for side in image.shape[-2:])
        between = [max(1, round(side * choices["resize"])) for side in (height, width)]
        light = image.detach().to("cpu", torch.float32)
        missing = (height * self.scale - light.shape[-2], width * self.scale - light.shape[-1])
        light = torch.nn.functional.pad(light, (0, missing[1], 0, missing[0]), mode="replicate")
        light = blur(light, choices["sigma"], choices["across"], choices["angle"])
        light = resample(light, between[0], between[1], choices["there"]).clamp(0, 1)
        light = (light + _noise(light, choices)).clamp(0, 1)
        light = resample(light, height, width, choices["back"])
        top, left = choices["top"], choices["left"]
        coded = self.jpeg.apply_one(torch.nn.functional.pad(light, (left, 0, top, 0), mode="replicate"), choices)
        return coded[..., top:, left:].to(image)

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return the photographs without their noise; coded all the same, so that no gradient flows."""
        return self(image, {**params, "noise": 0.0, "seed": 0})

    def knowable(self, params: Params) -> Params:
        """Return all but the seed of the noise."""
        return without_seed(params)


def blur(image: Tensor, along: float, across: float, angle: float) -> Tensor:
    """Convolve ``(1, C, H, W)`` with a Gaussian, cut off at four standard deviations; the border is repeated.

    Args:
        image: float32, on the CPU.
        along: standard deviation in pixels, in the direction of the angle.
        across: the other.
        angle: in degrees, counter-clockwise from the horizontal.
    """
    import cv2

    reach = math.ceil(4 * max(along, across))
    x, y = np.meshgrid(np.arange(-reach, reach + 1), np.arange(reach, -reach - 1, -1))
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    kernel = np.exp(-(((x * cos + y * sin) / along) ** 2 + ((y * cos - x * sin) / across) ** 2) / 2)
    return _on_array(image, lambda it: cv2.filter2D(it, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))


def resample(image: Tensor, height: int, width: int, kind: str) -> Tensor:
    """Resize ``(1, C, H, W)`` without aliasing; what is covered stays the same.

    Args:
        image: float32, on the CPU.
        height: of the output.
        width: of the output.
        kind: ``area``, which only shrinks and enlarges bilinearly, ``bilinear``, ``bicubic``.
    """
    if (height, width) == image.shape[-2:]:
        return image
    if kind == "area" and height <= image.shape[-2] and width <= image.shape[-1]:
        import cv2

        return _on_array(image, lambda it: cv2.resize(it, (width, height), interpolation=cv2.INTER_AREA))
    mode = "bicubic" if kind == "bicubic" else "bilinear"
    return torch.nn.functional.interpolate(image, (height, width), mode=mode, align_corners=False, antialias=True)


def _on_array(image: Tensor, function: Any) -> Tensor:
    """Apply a function of an array ``(H, W, C)`` to an image ``(1, C, H, W)``."""
    done = function(np.ascontiguousarray(image[0].permute(1, 2, 0).numpy()))
    return torch.from_numpy(done.reshape(*done.shape[:2], -1)).permute(2, 0, 1)[None].contiguous()


def _noise(light: Tensor, choices: Mapping[str, Any]) -> Tensor:
    """Return the noise of an image ``(1, C, H, W)`` in [0, 1], one channel of it where it is gray."""
    if choices["gray"] and light.shape[1] == 3:
        light = (light * light.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    chance, sigma = seeded(choices["seed"]), choices["noise"]
    if choices["photon"] and sigma > 0:
        peak = sigma**-2
        return (torch.poisson(light.double() * peak, generator=chance) / peak - light).float()
    return torch.randn(light.shape, generator=chance) * sigma


def _happens(share: float, generator: torch.Generator) -> bool:
    return torch.rand((), generator=generator, dtype=torch.float64).item() < share


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
