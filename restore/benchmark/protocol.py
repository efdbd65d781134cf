"""Protocol: everything that must be said before a score means one number."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

from restore.errors import InputError, UsageError
from restore.options import parse
from restore.registry import registry
from restore.values import convert

if TYPE_CHECKING:
    from torch import Tensor

PEAK = 255.0
"""Of every protocol, luma in studio range included: what PSNR in the literature is relative to."""

Region = Literal["image", "hole"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A way of measuring, fixed in every detail.

    Args:
        id: its name.
        summary: one line for people; no part of the hash.
        task: ``super-resolution``, ``denoising``, ``inpainting``; empty: it only measures.
        datasets: names of the folders that the images lie in.
        baselines: models that every table shows.
        image: how a file becomes the original. ``as-is``; ``rgb``: gray is replicated; ``gray``: BT.601 luma in
            full range, rounded; ``luma``: BT.601 luma in studio range, rounded, gray files as they are.
        degradation: what is done to the original: ``bicubic:scale=4``.
        scale: original side over input side; the original is cropped to a multiple of it.
        degraded_rounding: ``uint8``: the input is rounded to 256 levels, as a file would; ``none``.
        seed: that the seed of each image's draws is made of.
        color: ``rgb``: all channels; ``y``: BT.601 luma in studio range, unrounded. Gray images are
            measured as they are under both.
        crop_border: pixels to leave out on each side; ``scale``: as many as the scale of the degradation.
        rounding: ``uint8``: to 256 levels before anything else, as a file would; ``none``.
        metrics: components, with options: ``psnr``, ``lpips:net=alex``.
        regions: ``image``: all of it; ``hole``: the missing pixels alone.
        ssim_window: side of the SSIM window in pixels.
        ssim_sigma: of its Gaussian.
        ssim_k1: luminance constant.
        ssim_k2: contrast constant.
        lpips_version: of the published linear weights.
        pooling: of the images' scores.
        home: the distribution that offers it, whose own components its short names mean where another has the same
            names; no part of the hash.

    Raises:
        UsageError: a field of the wrong type, or out of range.
    """

    id: str
    summary: str = ""
    task: str = ""
    datasets: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    image: Literal["as-is", "rgb", "gray", "luma"] = "as-is"
    degradation: str = ""
    scale: int = 1
    degraded_rounding: Literal["uint8", "none"] = "uint8"
    seed: int = 0
    color: Literal["rgb", "y"] = "rgb"
    crop_border: int | Literal["scale"] = 0
    rounding: Literal["uint8", "none"] = "none"
    metrics: tuple[str, ...] = ("psnr", "ssim")
    regions: tuple[Region, ...] = ("image",)
    ssim_window: int = 11
    ssim_sigma: float = 1.5
    ssim_k1: float = 0.01
    ssim_k2: float = 0.03
    lpips_version: str = "0.1"
    pooling: Literal["mean"] = "mean"
    home: str = ""

    def __post_init__(self) -> None:
        for name, wanted in field_types().items():
            try:
                value = convert(getattr(self, name), wanted)
            except ValueError as error:
                raise UsageError(
                    f"protocol {self.id!r}: {name} {error}", "docs/protocols.md explains the fields"
                ) from None
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        for name, least in (("scale", 1), ("seed", 0), ("ssim_window", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"protocol {self.id!r}: {name} is {getattr(self, name)}", f"it is at least {least}")
        if self.crop_border != "scale" and self.crop_border < 0:
            raise UsageError(f"protocol {self.id!r}: crop_border is {self.crop_border}", "it is at least 0")
        if not 0 < self.ssim_sigma < math.inf or self.ssim_window % 2 == 0:
            raise UsageError(
                f"protocol {self.id!r}: an SSIM window of {self.ssim_window} pixels with a sigma of "
                f"{self.ssim_sigma} cannot be",
                "its side is odd, its sigma positive; papers use 11 and 1.5",
            )
        twice = [name for name in self.metric_names if self.metric_names.count(name) > 1]
        if twice:
            raise UsageError(f"protocol {self.id!r} lists the metric {twice[0]} twice", "name each once")

    @property
    def hash(self) -> str:
        """SHA-256 of all fields but the summary, in hexadecimal digits: the same hash, the same measurement."""
        told = {name: value for name, value in self.as_dict().items() if name != "summary"}
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics without their options."""
        return tuple(parse(metric)[0] for metric in self.metrics)

    def as_dict(self) -> dict[str, Any]:
        """Return all fields but ``home`` as JSON has them."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self) if field.name != "home")
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values}

    def meant(self, kind: str, text: str) -> str:
        """Return what it names, ``psnr`` or ``bicubic:scale=4|jpeg``, unmistakably among all that is installed."""
        if not text or not self.home:
            return text
        return "|".join(registry().at_home(kind, part.strip(), self.home) for part in text.split("|"))

    def border(self, scale: int | None = None) -> int:
        """Return how many pixels are cropped on each side.

        Args:
            scale: of the degradation; where the protocol has one of its own it need not be given.

        Raises:
            UsageError: a scale that is missing, or is not the protocol's.
        """
        if scale is not None and scale < 1:
            raise UsageError(f"the scale is {scale}", "give a whole number from 1 on")
        if self.scale > 1 and scale not in (None, self.scale):
            raise UsageError(f"protocol {self.id} is of scale {self.scale}, not {scale}", "leave the scale out")
        if self.crop_border != "scale":
            return self.crop_border
        if scale is None and self.scale == 1:
            raise UsageError(
                f"protocol {self.id} crops as many pixels as the scale, and no scale is given",
                "add --scale N (scale=N in Python), or use rgb or y",
            )
        return scale or self.scale

    def at(self, scale: int | None) -> Protocol:
        """Return the protocol with its border as a number, for what has no scale to give. Raises as ``border``."""
        return replace(self, crop_border=self.border(scale))

    def original(self, image: Tensor) -> Tensor:
        """Return what is degraded and later compared with: in the protocol's image mode, sides multiples of the scale.

        Args:
            image: ``(B, C, H, W)`` uint8, or float in ``[0, 1]``; C is 1 or 3.

        Returns:
            ``(B, C', H', W')`` of the same dtype; luma is rounded to multiples of 1/255.

        Raises:
            InputError: the image is smaller than the scale.
        """
        from restore.benchmark.color import as_original

        height, width = (side // self.scale * self.scale for side in image.shape[-2:])
        if not height or not width:
            raise InputError(
                f"{image.shape[-1]} x {image.shape[-2]} pixels are too few for a scale of {self.scale}",
                "leave this image out",
            )
        return as_original(image[..., :height, :width], self.image)

    def prepare(self, image: Tensor, *, scale: int | None = None) -> Tensor:
        """Return what is measured: rounded, cropped, in the protocol's colour, with a peak of 255.

        Args:
            image: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8; C is 1 or 3.
            scale: of the degradation, where the protocol crops by it and has none of its own.

        Returns:
            ``(B, C', H', W')`` in ``[0, 255]``: uint8, or float64.

        Raises:
            InputError: neither float nor uint8, or nothing is left after the crop.
            UsageError: a scale is needed.
        """
        import torch

        from restore.benchmark.color import studio_luma

        if image.dtype != torch.uint8 and not image.is_floating_point():
            raise InputError(
                f"a protocol measures float or uint8, not {str(image.dtype).removeprefix('torch.')}",
                "convert the image: to uint8, or to float in [0, 1]",
            )
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
        from restore.benchmark.description import describe

        return describe(self, scale)


@functools.cache
def field_types() -> Mapping[str, Any]:
    """Return the type of each field."""
    return get_type_hints(Protocol)
