"""PSNR and SSIM as papers mean them: float64, one score an image, the mean left to the caller.

Both work in pieces, so that memory stays small for images of any size, on any device that has float64. Nothing waits
for the device, unless there is a mask.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from restore.errors import InputError, UsageError

BAND = 320
"""Rows computed at a time, on a CPU; on other devices at least as many."""
CPU_CELLS = 2**18
"""Numbers computed at a time on a CPU, so that they stay in its cache."""
DEVICE_CELLS = 2**24
"""Numbers computed at a time on other devices."""


def psnr(prediction: Tensor, target: Tensor, *, peak: float = 1.0, mask: Tensor | None = None) -> Tensor:
    """Return the peak signal-to-noise ratio, ``10 log10(peak^2 / MSE)``, in dB.

    The mean square error is over all pixels and channels of one image. Nothing is added to it: identical
    images score infinity, and 60 dB reads 60.

    Args:
        prediction: ``(B, C, H, W)`` in ``[0, peak]``, of any real dtype.
        target: the same shape.
        peak: 1 for ``[0, 1]``, 255 for bytes; 255 for luma in studio range too.
        mask: ``(B, 1, H, W)``: only pixels where it is 1 are measured.

    Returns:
        ``(B,)`` float64; NaN for an image with values that are not finite.

    Raises:
        InputError: shapes that differ, a mask without pixels, or a device without float64 (mps).
        UsageError: a peak that is not positive.
    """
    _check(prediction, target, peak, mask)
    count = _count(prediction, mask, margin=0)
    total = torch.zeros_like(count)
    for piece in _pieces(prediction.shape, prediction.device, overlap=0):
        error = (_cut(prediction, piece) - _cut(target, piece)).square()
        total[piece[0]] += _sum(error, mask, piece, margin=0)
    mse = total / count
    return _finite(mse, 10 * torch.log10(peak**2 / mse))


def ssim(
    prediction: Tensor,
    target: Tensor,
    *,
    peak: float = 1.0,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    mask: Tensor | None = None,
) -> Tensor:
    """Return the structural similarity of Wang et al., IEEE TIP 2004, equation 13, averaged over the image.

    Gaussian window, biased covariance, windows that lie wholly inside the image, no downsampling, mean over
    channels: as the authors' ``ssim_index.m``, and as scikit-image with ``gaussian_weights=True``,
    ``sigma=1.5``, ``use_sample_covariance=False``.

    Args:
        prediction: ``(B, C, H, W)`` in ``[0, peak]``, of any real dtype.
        target: the same shape.
        peak: 1 for ``[0, 1]``, 255 for bytes; 255 for luma in studio range too.
        window: odd side of the window in pixels.
        sigma: of the Gaussian, in pixels.
        k1: of the luminance term, ``C1 = (k1 peak)^2``.
        k2: of the contrast term, ``C2 = (k2 peak)^2``.
        mask: ``(B, 1, H, W)``: only windows whose middle pixel is 1 are averaged.

    Returns:
        ``(B,)`` float64; NaN for an image with values that are not finite.

    Raises:
        InputError: shapes that differ, an image smaller than the window, a mask that no window has its middle in,
            or a device without float64 (mps).
        UsageError: a peak that is not positive, or a window that is not odd.
    """
    _check(prediction, target, peak, mask)
    if window < 1 or window % 2 == 0:
        raise UsageError(f"the SSIM window is {window} pixels wide", "give an odd width; papers use 11")
    height, width = prediction.shape[-2:]
    if min(height, width) < window:
        raise InputError(
            f"SSIM needs {window} x {window} pixels after cropping, and there are {width} x {height}",
            "use larger images, or a protocol that crops less",
        )
    c1, c2 = (k1 * peak) ** 2, (k2 * peak) ** 2
    weights, margin = _gaussian(window, sigma), window // 2
    count = _count(prediction, mask, margin=margin)
    total = torch.zeros_like(count)
    for piece in _pieces(prediction.shape, prediction.device, overlap=window - 1):
        similarity = _similarity(_cut(prediction, piece), _cut(target, piece), weights, c1, c2)
        total[piece[0]] += _sum(similarity, mask, piece, margin=margin)
    score = total / count
    return _finite(score, score)


def _similarity(a: Tensor, b: Tensor, weights: list[float], c1: float, c2: float) -> Tensor:
    """Return the map of equation 13 for float64 images, without the border that windows would overhang."""
    mean_a, mean_b = _blur(a, weights), _blur(b, weights)
    product = mean_a * mean_b
    power = mean_a.square_().addcmul_(mean_b, mean_b)
    variances = _blur((a * a).addcmul_(b, b), weights).sub_(power)
    covariance = _blur(a * b, weights).sub_(product)
    above = product.mul_(2).add_(c1).mul_(covariance.mul_(2).add_(c2))
    return above.div_(power.add_(c1).mul_(variances.add_(c2)))


def _blur(image: Tensor, weights: list[float]) -> Tensor:
    """Convolve rows and columns by shifted sums: exact float64 on every device, and no copies of patches."""
    rows = image.shape[-2] - len(weights) + 1
    columns = image.shape[-1] - len(weights) + 1
    down = image[..., :rows, :] * weights[0]
    for shift, weight in enumerate(weights[1:], 1):
        down.add_(image[..., shift : shift + rows, :], alpha=weight)
    across = down[..., :columns] * weights[0]
    for shift, weight in enumerate(weights[1:], 1):
        across.add_(down[..., shift : shift + columns], alpha=weight)
    return across


def _gaussian(window: int, sigma: float) -> list[float]:
    offsets = torch.arange(window, dtype=torch.float64) - window // 2
    weights = torch.exp(-0.5 * (offsets / sigma).square())
    return [float(weight) for weight in weights / weights.sum()]


def _pieces(shape: torch.Size, device: torch.device, *, overlap: int) -> Iterator[tuple[slice, slice, slice]]:
    """Yield slices of images, rows and columns; each piece repeats the last ``overlap`` of the one before."""
    batch, channels, height, width = shape
    height, width = height - overlap, width - overlap
    images, rows, columns = batch, max(BAND, DEVICE_CELLS // (batch * channels * width)), width
    if device.type == "cpu":
        images, rows = 1, BAND
        columns = max(BAND, CPU_CELLS // (channels * (rows + overlap)) - overlap)
    for first in range(0, batch, images):
        for top, bottom in _even(height, rows):
            for left, right in _even(width, columns):
                yield slice(first, first + images), slice(top, bottom + overlap), slice(left, right + overlap)


def _even(length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield the ends of as few equal parts as there can be."""
    parts = -(-length // longest)
    for part in range(parts):
        yield length * part // parts, length * (part + 1) // parts


def _cut(image: Tensor, piece: tuple[slice, slice, slice], margin: int = 0) -> Tensor:
    """Return a piece in float64, without a margin."""
    images, rows, columns = piece
    inner = image.detach()[
        images, :, rows.start + margin : rows.stop - margin, columns.start + margin : columns.stop - margin
    ]
    return inner.double()


def _sum(values: Tensor, mask: Tensor | None, piece: tuple[slice, slice, slice], margin: int) -> Tensor:
    return (values if mask is None else values * _cut(mask, piece, margin)).sum((1, 2, 3))


def _count(image: Tensor, mask: Tensor | None, margin: int) -> Tensor:
    """Return how many values of each image are measured, ``(B,)`` float64. Raises InputError for none."""
    batch, channels, height, width = image.shape
    if mask is None:
        number = channels * (height - 2 * margin) * (width - 2 * margin)
        return torch.full((batch,), float(number), dtype=torch.float64, device=image.device)
    whole = slice(0, batch), slice(0, height), slice(0, width)
    count = channels * _cut(mask, whole, margin).sum((1, 2, 3))
    if not (count > 0).all():
        raise InputError("the mask holds no pixel to measure", "measure the whole image instead")
    return count


def _finite(kept: Tensor, scores: Tensor) -> Tensor:
    """Return the scores, NaN where the image was not finite; asking whether one is would wait for the device."""
    return torch.where(torch.isfinite(kept), scores, math.nan)


def _check(prediction: Tensor, target: Tensor, peak: float, mask: Tensor | None) -> None:
    if prediction.ndim != 4 or target.ndim != 4:
        raise InputError(
            f"the images are {tuple(prediction.shape)} and {tuple(target.shape)}; both must be (B, C, H, W)",
            "add the dimensions that are missing: image[None]",
        )
    if prediction.shape != target.shape:
        raise InputError(
            f"the images differ in shape: {tuple(prediction.shape)} and {tuple(target.shape)}",
            "compare images of one size and one number of channels",
        )
    if prediction.numel() == 0:
        raise InputError(f"the images are empty: {tuple(prediction.shape)}")
    if prediction.device != target.device:
        raise InputError(f"the images are on {prediction.device} and {target.device}", "move both to one device")
    if prediction.device.type == "mps":
        raise InputError("scores are computed in float64, which mps does not have", "move the images with .cpu()")
    if mask is not None:
        wanted = (len(prediction), 1, *prediction.shape[-2:])
        if mask.shape != wanted or mask.device != prediction.device:
            raise InputError(
                f"the mask is {tuple(mask.shape)} on {mask.device}; it must be {wanted} on {prediction.device}"
            )
    if not peak > 0:
        raise UsageError(f"the peak is {peak}", "1 for images in [0, 1], 255 for bytes")
