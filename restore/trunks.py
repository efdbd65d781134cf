"""The convolutional parts of AlexNet, SqueezeNet 1.1, VGG16 and VGG19, with names for what comes out of them.

Layers are numbered as in torchvision, so that its published weights fit. Nothing else of torchvision is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A network without its classifier."""

    layers: nn.Sequential
    names: Mapping[str, int]
    """Number of the layer after which the features of that name are there: ``relu2_2``."""
    taps: tuple[int, ...]
    """Layers after which LPIPS compares."""
    channels: tuple[int, ...]
    """Of the features at each tap."""

    def features(self, first: Tensor, second: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the features of two batches at each tap, ``(B, channels, H', W')``, and keep none of them."""
        for index, layer in enumerate(self.layers.children()):
            first, second = layer(first), layer(second)
            if index in self.taps:
                yield first, second

    def at(self, image: Tensor, places: Sequence[int]) -> list[Tensor]:
        """Return the features after the layers of these numbers, and compute none beyond the last of them.

        The layers are among ``names``: an activation overwrites what comes out of the convolution before it.
        """
        found: dict[int, Tensor] = {}
        for index, layer in enumerate(self.layers[: max(places) + 1].children()):
            image = layer(image)
            if index in places:
                found[index] = image
        return [found[place] for place in places]


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
    taps = (1, 4, 7, 9, 11)
    names = {f"relu{number}": layer for number, layer in enumerate(taps, 1)}
    return Trunk(layers=layers, names=names, taps=taps, channels=(64, 192, 384, 256, 256))


def squeezenet() -> Trunk:
    """SqueezeNet 1.1 (Iandola et al., arXiv 1602.07360); seven taps."""
    layers = nn.Sequential(
        nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
    )  # fmt: skip
    names = {"relu1": 1} | {f"fire{number}": layer for number, layer in enumerate((3, 4, 6, 7, 9, 10, 11, 12), 2)}
    taps = (1, 4, 7, 9, 10, 11, 12)
    return Trunk(layers=layers, names=names, taps=taps, channels=(64, 128, 256, 384, 384, 512, 512))


def vgg16() -> Trunk:
    """VGG16 (Simonyan and Zisserman, arXiv 1409.1556); a tap at the end of each of the five blocks."""
    return _vgg((2, 2, 3, 3, 3))


def vgg19() -> Trunk:
    """VGG19 of the same paper: four convolutions in each of the last three blocks."""
    return _vgg((2, 2, 4, 4, 4))


def _vgg(depths: tuple[int, ...]) -> Trunk:
    layers: list[nn.Module] = []
    names: dict[str, int] = {}
    channels, widths = 3, (64, 128, 256, 512, 512)
    for block, (width, depth) in enumerate(zip(widths, depths, strict=True), 1):
        if block > 1:
            layers.append(nn.MaxPool2d(2))
        for number in range(1, depth + 1):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            names[f"relu{block}_{number}"] = len(layers) - 1
            channels = width
    taps = tuple(names[f"relu{block}_{depth}"] for block, depth in enumerate(depths, 1))
    return Trunk(layers=nn.Sequential(*layers), names=names, taps=taps, channels=widths)
