"""What one domain makes of another, and how well generated pairs keep to it: the pixel agreement ratio."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from restore_cogan.prior import CoGAN

PORTION = 250
"""Pairs that are decoded at once."""


def edges(image: Tensor) -> Tensor:
    """Return the outer edges of images ``(n, C, H, W)``: their dilation by 3 x 3 pixels, less themselves."""
    return F.max_pool2d(image, 3, stride=1, padding=1) - image


def negative(image: Tensor) -> Tensor:
    """Return the negatives of images in [0, 1]."""
    return 1 - image


def agreement(expected: Tensor, found: Tensor) -> Tensor:
    """Return the share of pixels that agree, ``(n,)``: those that are both 0.5 or more, or both less.

    The paper does not say when two pixels agree. Ours are binarised at 0.5, after the first domain's image was
    transformed.

    Args:
        expected: ``(n, C, H, W)`` in [0, 1], what the true transform makes of the first domain's images.
        found: the second domain's images, as they were generated.
    """
    return ((expected >= 0.5) == (found >= 0.5)).flatten(1).float().mean(1)


@torch.inference_mode()
def pixel_agreement(
    prior: CoGAN, transform: Callable[[Tensor], Tensor], count: int = 10_000, seed: int = 0
) -> dict[str, float]:
    """Return the pixel agreement ratio of generated pairs, from 0 to 1.

    Args:
        prior: in evaluation mode.
        transform: from the first domain to the second.
        count: how many pairs; the paper takes 10,000.
        seed: of the latents.

    Returns:
        ``agreement``, the mean over the pairs; and ``strangers``, that of each first image with the second image of
        the next pair, which is what a model reaches that knows the domains and not what belongs together.
    """
    device = next(prior.parameters()).device
    latents = prior.sample(count, torch.Generator().manual_seed(seed))
    pairs = [prior.decode_pair(portion.to(device)) for portion in torch.split(latents, PORTION)]
    expected = torch.cat([transform(first) for first, _ in pairs])
    found = torch.cat([second for _, second in pairs])
    return {
        "agreement": float(agreement(expected, found).double().mean()),
        "strangers": float(agreement(expected, found.roll(-1, 0)).double().mean()),
    }
