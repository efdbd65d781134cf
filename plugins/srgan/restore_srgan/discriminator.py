"""The discriminator of SRGAN, and forms of it for images of any size.

Ledig et al., CVPR 2017 (arXiv 1609.04802v5), section 2.1.2 and figure 4.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from restore.errors import InputError, UsageError

Head = Literal["dense", "pool", "patch"]
Norm = Literal["batch", "spectral", "none"]

WIDTHS = ((1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2))
"""(channels over the first layer's, stride) of the convolutions."""


class Discriminator(nn.Module):
    """Eight 3 x 3 convolutions, every second one with stride 2, and a judgement.

    With the defaults this is the paper's: batch norm after all convolutions but the first, two dense layers that tie
    it to 96 x 96 pixels, 23 563 649 parameters. It returns a logit; the paper's sigmoid is in the loss.

    Args:
        head: ``dense`` as the paper; ``pool`` averages over places before the dense layers, ``patch`` judges each
            place by a convolution (Isola et al., CVPR 2017); both take images of any size.
        size: side of the images that a dense head takes, a multiple of 16.
        channels: of the first convolution.
        norm: ``batch`` as the paper; ``spectral`` bounds the slope instead (Miyato et al., ICLR 2018), so that a sample
            is judged without its neighbours, which a gradient penalty asks for; ``none``.

    Raises:
        UsageError: a size that is no multiple of 16, or channels below 1.
    """

    def __init__(self, head: Head = "dense", size: int = 96, channels: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        if size % 16 or size < 16:
            raise UsageError(f"a discriminator cannot halve {size} pixels four times", "its size is a multiple of 16")
        if channels < 1:
            raise UsageError(f"a discriminator needs channels of at least 1, not {channels}")
        self.size = size if head == "dense" else None
        self.features = nn.Sequential(*_convolutions(channels, norm))
        deepest = channels * WIDTHS[-1][0]
        if head == "patch":
            self.head: nn.Module = _bounded(nn.Conv2d(deepest, 1, 3, padding=1), norm)
            return
        entry = [nn.Flatten()] if head == "dense" else [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        inputs = deepest * (size // 16) ** 2 if head == "dense" else deepest
        dense = (_bounded(nn.Linear(inputs, 1024), norm), nn.LeakyReLU(0.2), _bounded(nn.Linear(1024, 1), norm))
        self.head = nn.Sequential(*entry, *dense, nn.Flatten(0))

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, ``(B,)``, or of a patch head ``(B, 1, ceil(H/16), ceil(W/16))``.

        Args:
            image: ``(B, 3, H, W)`` in [0, 1].

        Raises:
            InputError: another size than a dense head takes.
        """
        if self.size is not None and image.shape[-2:] != (self.size, self.size):
            raise InputError(
                f"a discriminator for {self.size} x {self.size} pixels cannot judge {tuple(image.shape[-2:])}",
                'make it with this size, or with head="pool" or "patch"',
            )
        logits: Tensor = self.head(self.features(image * 2 - 1))
        return logits


def _convolutions(channels: int, norm: Norm) -> list[nn.Module]:
    layers: list[nn.Module] = []
    width = 3
    for factor, stride in WIDTHS:
        normed = norm == "batch" and bool(layers)
        conv = nn.Conv2d(width, width := channels * factor, 3, stride, padding=1, bias=not normed)
        layers += [_bounded(conv, norm), *([nn.BatchNorm2d(width)] if normed else []), nn.LeakyReLU(0.2)]
    return layers


def _bounded(layer: nn.Module, norm: Norm) -> nn.Module:
    return spectral_norm(layer) if norm == "spectral" else layer
