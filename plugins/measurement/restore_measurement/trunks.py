"""The convolutional parts of AlexNet, SqueezeNet 1.1 and VGG16, with the places where LPIPS looks.

Layers are numbered as in torchvision, so that its published weights fit. Nothing else of torchvision is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A network without its classifier, and the layers after which its features are compared."""

    layers: nn.Sequential
    taps: tuple[int, ...]
    channels: tuple[int, ...]
    """Of the features at each tap."""

    def features(self, first: Tensor, second: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the features of two batches at each tap, ``(B, channels, H', W')``, and keep none of them."""
        for index, layer in enumerate(self.layers.children()):
            first, second = layer(first), layer(second)
            if index in self.taps:
                yield first, second


class Fire(nn.Module):
    """SqueezeNet's module: 1 x 1 convolution to few channels, then 1 x 1 and 3 x 3 side by side."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(B, 2 expanded, H, W)``."""
        few = torch.relu(self.squeeze(features))
        return torch.relu(torch.cat([self.expand1x1(few), self.expand3x3(few)], 1))


def alexnet() -> Trunk:
    """AlexNet in torchvision's one-stream form (Krizhevsky, arXiv 1404.5997); five taps."""
    layers = nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True),
    )  # fmt: skip
    return Trunk(layers=layers, taps=(1, 4, 7, 9, 11), channels=(64, 192, 384, 256, 256))


def squeezenet() -> Trunk:
    """SqueezeNet 1.1 (Iandola et al., arXiv 1602.07360); seven taps."""
    layers = nn.Sequential(
        nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
    )  # fmt: skip
    return Trunk(layers=layers, taps=(1, 4, 7, 9, 10, 11, 12), channels=(64, 128, 256, 384, 384, 512, 512))


def vgg16() -> Trunk:
    """VGG16 (Simonyan and Zisserman, arXiv 1409.1556); a tap at the end of each of the five blocks."""
    layers: list[nn.Module] = []
    channels = 3
    for block, (width, depth) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        if block:
            layers.append(nn.MaxPool2d(2))
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
    return Trunk(layers=nn.Sequential(*layers), taps=(3, 8, 15, 22, 29), channels=(64, 128, 256, 512, 512))
