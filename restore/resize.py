"""MATLAB's ``imresize``: differentiable, batched, on any device.

The super-resolution literature makes its low-resolution images with it. The kernel is Keys' cubic with
a = -0.5; downscaling stretches it, which removes what the coarser grid cannot hold. Beyond the border lies
the image's mirror (today's MATLAB) or its edge (older ones). On a uint8 image MATLAB rounds after the rows
and again after the columns. Sums are in float64 (float32 on Apple's GPU, which has no other).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from restore.errors import UsageError

Border = Literal["symmetric", "replicate"]
Rounding = Literal["none", "uint8"]
Kernel = Literal["cubic", "lanczos3"]
Taps = tuple[Tensor, Tensor]
"""Weights and source pixels of each output pixel along one axis, ``(length, taps)`` both."""

BAND = 2**20
"""Pixels of the input that are in work at a time, whatever the image's size."""


def downscale(image: Tensor, factor: int, *, border: Border = "symmetric", rounding: Rounding = "none") -> Tensor:
    """Shrink by a whole factor, like ``imresize(image, 1/factor)``.

    Args:
        image: ``(B, C, H, W)``.
        factor: input side over output side.
        border: what lies beyond the image: its mirror or its edge.
        rounding: ``uint8`` works as MATLAB does on uint8 images: what is given and the result of each of the
            two passes are rounded to multiples of 1/255 within [0, 1]; gradients pass unchanged
            (straight-through).

    Returns:
        ``(B, C, ceil(H/factor), ceil(W/factor))``; without rounding, edges overshoot the range.

    Raises:
        UsageError: a factor below 1.
    """
    height, width = (math.ceil(side / max(factor, 1)) for side in image.shape[-2:])
    return _two_passes(image, (height, width), (_ratio(1, factor),) * 2, border, rounding)


def upscale(image: Tensor, factor: int, *, border: Border = "symmetric", kernel: Kernel = "cubic") -> Tensor:
    """Enlarge by a whole factor, like ``imresize(image, factor, kernel)``.

    Args:
        image: ``(B, C, H, W)``.
        factor: output side over input side.
        border: what lies beyond the image.
        kernel: ``cubic``, four pixels wide, or ``lanczos3``, six pixels wide.

    Returns:
        ``(B, C, factor*H, factor*W)``; edges overshoot the range.

    Raises:
        UsageError: a factor below 1.
    """
    height, width = (side * factor for side in image.shape[-2:])
    return _two_passes(image, (height, width), (_ratio(factor, 1),) * 2, border, "none", kernel)


def resize(image: Tensor, height: int, width: int, *, border: Border = "symmetric") -> Tensor:
    """Resize to any size, like ``imresize(image, [height width])``.

    Args:
        image: ``(B, C, H, W)``.
        height: of the output, in pixels.
        width: of the output, in pixels.
        border: what lies beyond the image.

    Returns:
        ``(B, C, height, width)``; edges overshoot the range.

    Raises:
        UsageError: a side below 1.
    """
    ratios = (_ratio(height, image.shape[-2]), _ratio(width, image.shape[-1]))
    return _two_passes(image, (height, width), ratios, border, "none")


def _ratio(output: int, given: int) -> Fraction:
    if output < 1 or given < 1:
        raise UsageError(f"an image cannot be resized by {output}/{given}", "sides and factors are at least 1")
    return Fraction(output, given)


def _two_passes(
    image: Tensor,
    size: tuple[int, int],
    ratios: tuple[Fraction, Fraction],
    border: Border,
    rounding: Rounding,
    kernel: Kernel = "cubic",
) -> Tensor:
    """Resample rows, then columns, a band of output rows at a time, so that only a band is ever float64."""
    rows = _taps(image.shape[-2], size[0], ratios[0], border, kernel)
    columns = _taps(image.shape[-1], size[1], ratios[1], border, kernel)
    row = image.shape[:-2].numel() * max(image.shape[-1], size[1]) * max(1, math.ceil(1 / ratios[0]))
    step = max(1, BAND // max(row, 1))
    # The gradient of a band fills the whole image with zeros, so many bands would cost more than they save.
    if step >= size[0] or (image.requires_grad and torch.is_grad_enabled()):
        return _band(image, rows, columns, rounding)
    result = image.new_empty((*image.shape[:-2], *size))
    for top in range(0, size[0], step):
        part = (rows[0][top : top + step], rows[1][top : top + step])
        result[..., top : top + step, :] = _band(image, part, columns, rounding)
    return result


def _band(image: Tensor, rows: Taps, columns: Taps, rounding: Rounding) -> Tensor:
    """Return the output rows that have these taps, ``(B, C, len(rows), W')``."""
    first, last = int(rows[1].min()), int(rows[1].max())
    band = image[..., first : last + 1, :]
    band = band if image.device.type == "mps" else band.double()
    if rounding == "uint8":
        band = round_to_uint8(band)
    for axis, (weights, source) in ((-2, (rows[0], rows[1] - first)), (-1, columns)):
        band = _weigh(band, axis, weights.to(band), source.to(band.device))
        if rounding == "uint8":
            band = round_to_uint8(band)
    return band.to(image.dtype)


def _weigh(image: Tensor, axis: int, weights: Tensor, source: Tensor) -> Tensor:
    """Sum the taps of every output pixel along one axis.

    The taps are added in one order and their weights depend on the phase alone, so a band or a tile gives the
    bits of the whole.
    """
    shape = [1] * image.ndim
    shape[axis] = len(source)
    total = image.index_select(axis, source[:, 0]) * weights[:, 0].view(shape)
    for tap in range(1, source.shape[1]):
        total += image.index_select(axis, source[:, tap]).mul_(weights[:, tap].view(shape))
    return total


def _taps(given: int, length: int, ratio: Fraction, border: Border, kernel: Kernel) -> Taps:
    """Return the weights and the source pixels of each output pixel along an axis of ``given`` pixels."""
    if ratio == 1:
        return torch.ones(length, 1), torch.arange(length)[:, None]
    weights, source = _weights(length, ratio, kernel)
    return weights, _fold(source, given, border)


def _weights(length: int, ratio: Fraction, kernel: Kernel) -> tuple[Tensor, Tensor]:
    """Return the normalised weights and the source pixels of each output pixel, ``(length, taps)`` both.

    The centre of output pixel i lies at ``(i + 1/2) / ratio - 1/2``; whole numbers keep its phase exact.
    """
    numerator, denominator = ratio.numerator, ratio.denominator
    centre = (2 * torch.arange(length) + 1) * denominator - numerator
    base = torch.div(centre, 2 * numerator, rounding_mode="floor")
    phase = (centre - base * 2 * numerator).double() / (2 * numerator)
    stretch = min(float(ratio), 1.0)
    curve, radius = _KERNELS[kernel]
    reach = math.ceil(radius / stretch)
    offsets = torch.arange(-reach, reach + 2)
    weights = curve((phase[:, None] - offsets) * stretch)
    weights = weights / weights.sum(1, keepdim=True)
    used = weights.abs().amax(0) > 0
    return weights[:, used], base[:, None] + offsets[used]


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel with a = -0.5 (Keys, 1981, equation 15)."""
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x <= 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def _lanczos3(x: Tensor) -> Tensor:
    """A sinc windowed by the middle lobe of a sinc three times as wide (Duchon, 1979)."""
    return torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), torch.zeros_like(x))


_KERNELS: Mapping[Kernel, tuple[Callable[[Tensor], Tensor], int]] = {
    "cubic": (_cubic, 2),
    "lanczos3": (_lanczos3, 3),
}
"""The curve of each kernel, and from where on it is zero."""


def _fold(index: Tensor, length: int, border: Border) -> Tensor:
    """Bring indices beyond an axis back onto it."""
    if border == "replicate":
        return index.clamp(0, length - 1)
    turned = index.remainder(2 * length)
    return torch.minimum(turned, 2 * length - 1 - turned)


def round_to_uint8(image: Tensor) -> Tensor:
    """Round to multiples of 1/255 within [0, 1], halves up as MATLAB does; the gradient passes unchanged."""
    # Sums of taps that should end in a half miss it by the rounding of float64.
    rounded = image.detach().clamp(0, 1).mul(255).add_(0.5 + 1e-9).floor_().div_(255)
    return rounded + (image - image.detach()) if image.requires_grad else rounded
