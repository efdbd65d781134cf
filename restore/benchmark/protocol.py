"""Protocols: everything that must be said before a PSNR or an SSIM means one number."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from restore.benchmark.color import studio_luma
from restore.errors import InputError, UnknownNameError, UsageError

PEAK = 255.0
"""Of every protocol, luma in studio range included: what PSNR in the literature is relative to."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A way of measuring, fixed in every detail.

    Args:
        id: its name.
        color: ``rgb``: all channels; ``y``: BT.601 luma in studio range, unrounded. Gray images are
            measured as they are under both.
        crop_border: pixels to leave out on each side; ``scale``: as many as the scale of the degradation.
        rounding: ``uint8``: to 256 levels before anything else, as a file would; ``none``.
        ssim_window: side of the SSIM window in pixels.
        ssim_sigma: of its Gaussian.
        ssim_k1: luminance constant.
        ssim_k2: contrast constant.
        summary: one line for people.
    """

    id: str
    color: Literal["rgb", "y"] = "rgb"
    crop_border: int | Literal["scale"] = 0
    rounding: Literal["uint8", "none"] = "none"
    ssim_window: int = 11
    ssim_sigma: float = 1.5
    ssim_k1: float = 0.01
    ssim_k2: float = 0.03
    summary: str = ""

    def border(self, scale: int | None) -> int:
        """Return how many pixels are cropped on each side. Raises UsageError for a scale that is missing."""
        if scale is not None and scale < 1:
            raise UsageError(f"the scale is {scale}", "give a whole number from 1 on")
        if self.crop_border != "scale":
            return self.crop_border
        if scale is None:
            raise UsageError(
                f"protocol {self.id} crops as many pixels as the scale, and no scale is given",
                "add --scale N (scale=N in Python), or use rgb or y",
            )
        return scale

    def prepare(self, image: Tensor, *, scale: int | None = None) -> Tensor:
        """Return what is measured: rounded, cropped, in the protocol's colour, with a peak of 255.

        Args:
            image: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8; C is 1 or 3.
            scale: of the degradation, where the protocol crops by it.

        Returns:
            ``(B, C', H', W')`` in ``[0, 255]``: uint8, or float64.

        Raises:
            InputError: nothing is left after the crop.
            UsageError: a scale is needed.
        """
        border = self.border(scale)
        height, width = image.shape[-2:]
        if min(height, width) <= 2 * border:
            raise InputError(
                f"of {width} x {height} pixels nothing is left after a crop of {border} on each side",
                "use larger images, or a protocol that crops less",
            )
        inner = image[..., border : height - border, border : width - border]
        levels = inner if inner.dtype == torch.uint8 else inner.double() * PEAK
        if self.rounding == "uint8" and levels.dtype != torch.uint8:
            levels = levels.clamp(0, PEAK).round().byte()
        return studio_luma(levels, PEAK) if self.color == "y" and levels.shape[1] == 3 else levels

    def describe(self, scale: int | None = None) -> str:
        """Return the formulae as text, line by line."""
        crop = "not cropped" if self.crop_border == 0 else f"{self.crop_border} pixels cropped on each side"
        if self.crop_border == "scale":
            count = f"{scale} pixels (the scale)" if scale else "as many pixels as the scale"
            crop = f"{count} cropped on each side"
        color = {
            "rgb": "all channels",
            "y": "Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, BT.601 studio range; gray as it is",
        }
        rounding = {"uint8": "rounded to whole levels before measuring", "none": "not rounded"}
        window = f"{self.ssim_window} x {self.ssim_window}, sigma {self.ssim_sigma:g}"
        return f"""\
protocol  {self.id}: {self.summary}
levels    0..{PEAK:g}, {rounding[self.rounding]}
border    {crop}
colour    {color[self.color]}
PSNR      10 log10({PEAK:g}^2 / MSE), MSE over all pixels and channels of an image; identical: inf
SSIM      Wang et al. 2004: Gaussian window {window}, K1 {self.ssim_k1:g}, K2 {self.ssim_k2:g},
          valid region, biased covariance, mean over channels
pooling   mean of the images' scores"""


PROTOCOLS: Mapping[str, Protocol] = {
    protocol.id: protocol
    for protocol in (
        Protocol(id="rgb", summary="whole image, all channels"),
        Protocol(id="y", color="y", summary="whole image, luma"),
        Protocol(
            id="sr-y", color="y", crop_border="scale", rounding="uint8",
            summary="the super-resolution literature's: luma, border cropped by the scale",
        ),
        Protocol(
            id="sr-rgb", crop_border="scale", rounding="uint8",
            summary="super-resolution on all channels, border cropped by the scale",
        ),
    )
}  # fmt: skip
"""The shipped protocols, by name."""


def find_protocol(name: str) -> Protocol:
    """Return the protocol of that name. Raises UnknownNameError with near names."""
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    near = difflib.get_close_matches(name, PROTOCOLS, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UnknownNameError(f"no protocol is called {name!r}", f"{hint}there are: {', '.join(PROTOCOLS)}")
