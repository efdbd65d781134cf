"""PSNR and SSIM as papers mean them: float64, one score an image, the mean left to the caller.

Both work in bands of rows, so that memory stays small for images of any size, and on any device.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from restore.errors import InputError, UsageError

BAND = 256
"""Rows computed at a time."""


def psnr(prediction: Tensor, target: Tensor, *, peak: float = 1.0) -> Tensor:
    """Return the peak signal-to-noise ratio, ``10 log10(peak^2 / MSE)``, in dB.

    The mean square error is over all pixels and channels of one image. Nothing is added to it: identical
    images score infinity, and 60 dB reads 60.

    Args:
        prediction: ``(B, C, H, W)`` in ``[0, peak]``, of any real dtype.
        target: the same shape.
        peak: 1 for ``[0, 1]``, 255 for bytes; 255 for luma in studio range too.

    Returns:
        ``(B,)`` float64.

    Raises:
        InputError: shapes that differ, or values that are not finite.
        UsageError: a peak that is not positive.
    """
    _check(prediction, target, peak)
    total = _zeros(prediction)
    for a, b in _bands(prediction, target, overlap=0):
        total = total + (a - b).square().sum((1, 2, 3))
    mse = total / prediction[0].numel()
    if not torch.isfinite(mse).all():
        raise InputError("the images hold values that are not finite (NaN or infinity)", "replace them first")
    return 10 * torch.log10(peak**2 / mse)


def ssim(
    prediction: Tensor,
    target: Tensor,
    *,
    peak: float = 1.0,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
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

    Returns:
        ``(B,)`` float64.

    Raises:
        InputError: shapes that differ, an image smaller than the window, or values that are not finite.
        UsageError: a peak that is not positive, or a window that is not odd.
    """
    _check(prediction, target, peak)
    if window < 1 or window % 2 == 0:
        raise UsageError(f"the SSIM window is {window} pixels wide", "give an odd width; papers use 11")
    height, width = prediction.shape[-2:]
    if min(height, width) < window:
        raise InputError(
            f"SSIM needs {window} x {window} pixels after cropping, and there are {width} x {height}",
            "use larger images, or a protocol that crops less",
        )
    c1, c2 = (k1 * peak) ** 2, (k2 * peak) ** 2
    weights = _gaussian(window, sigma)
    total = _zeros(prediction)
    for a, b in _bands(prediction, target, overlap=window - 1):
        total = total + _similarity(a, b, weights, c1, c2).sum((1, 2, 3))
    score = total / (prediction.shape[1] * (height - window + 1) * (width - window + 1))
    if not torch.isfinite(score).all():
        raise InputError("the images hold values that are not finite (NaN or infinity)", "replace them first")
    return score


def _similarity(a: Tensor, b: Tensor, weights: list[float], c1: float, c2: float) -> Tensor:
    """Return the map of equation 13 for float64 images, without the border that windows would overhang."""
    mean_a, mean_b = _blur(a, weights), _blur(b, weights)
    variances = _blur(a * a + b * b, weights) - mean_a.square() - mean_b.square()
    covariance = _blur(a * b, weights) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a.square() + mean_b.square() + c1)
    return luminance * (2 * covariance + c2) / (variances + c2)


def _blur(image: Tensor, weights: list[float]) -> Tensor:
    """Convolve rows and columns by shifted sums: exact float64 on every device, and no copies of patches."""
    rows = image.shape[-2] - len(weights) + 1
    columns = image.shape[-1] - len(weights) + 1
    down = torch.zeros_like(image[..., :rows, :])
    for shift, weight in enumerate(weights):
        down.add_(image[..., shift : shift + rows, :], alpha=weight)
    across = torch.zeros_like(down[..., :columns])
    for shift, weight in enumerate(weights):
        across.add_(down[..., shift : shift + columns], alpha=weight)
    return across


def _gaussian(window: int, sigma: float) -> list[float]:
    offsets = torch.arange(window, dtype=torch.float64) - window // 2
    weights = torch.exp(-0.5 * (offsets / sigma).square())
    return [float(weight) for weight in weights / weights.sum()]


def _bands(prediction: Tensor, target: Tensor, *, overlap: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pairs of float64 bands of rows; each repeats the last ``overlap`` rows of the one before."""
    for top in range(0, prediction.shape[-2] - overlap, BAND):
        rows = slice(top, top + BAND + overlap)
        yield _double(prediction[..., rows, :]), _double(target[..., rows, :])


def _double(image: Tensor) -> Tensor:
    image = image.detach()
    return (image.cpu() if image.device.type == "mps" else image).double()


def _zeros(image: Tensor) -> Tensor:
    device = "cpu" if image.device.type == "mps" else image.device
    return torch.zeros(image.shape[0], dtype=torch.float64, device=device)


def _check(prediction: Tensor, target: Tensor, peak: float) -> None:
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
    if not peak > 0:
        raise UsageError(f"the peak is {peak}", "1 for images in [0, 1], 255 for bytes")
