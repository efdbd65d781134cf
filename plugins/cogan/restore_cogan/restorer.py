"""A small network that restores gray images in one pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.contracts import Model, Observation
from restore.errors import UsageError

DILATIONS = (1, 2, 4)
"""Of the blocks, in turn, so that few layers see a whole digit."""


class ResidualRestorer(Model):
    """Residual blocks of two dilated 3 x 3 convolutions, and what is to be added to the image.

    Args:
        channels: of the layers.
        blocks: how many residual blocks.

    Raises:
        UsageError: a number that makes no sense.
    """

    def __init__(self, channels: int = 32, blocks: int = 6) -> None:
        super().__init__()
        if channels < 1 or blocks < 1:
            raise UsageError(f"no network has channels={channels} and blocks={blocks}", "both are 1 or more")
        dilations = [DILATIONS[number % len(DILATIONS)] for number in range(blocks)]
        self.head = _conv(1, channels, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.PReLU(), _conv(channels, channels, dilation), nn.PReLU(), _conv(channels, channels, dilation)
            )
            for dilation in dilations
        )
        self.tail = nn.Sequential(nn.PReLU(), _conv(channels, 1, 1))
        self.receptive_field = 1 + 2 * (2 + 2 * sum(dilations))

    def forward(self, observation: Observation) -> Tensor:
        """Return the restored images, ``(B, 1, H, W)``; the runtime clamps."""
        image = observation.image
        features = self.head(image)
        for block in self.blocks:
            features = features + block(features)
        return image + torch.as_tensor(self.tail(features))


def _conv(entering: int, leaving: int, dilation: int) -> nn.Conv2d:
    return nn.Conv2d(entering, leaving, 3, padding=dilation, dilation=dilation)
