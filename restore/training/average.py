"""The exponential moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MovingAverage:
    """A copy of a network that follows it: ``average = decay * average + (1 - decay) * weights``.

    The decay rises over the first steps, ``min(decay, step / (9 + step))``, so that the initial weights
    are forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after step ``step`` (from 1); integer buffers are copied."""
        decay = min(self.decay, step / (9 + step))
        new = network.state_dict()
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[name].to(value.dtype), 1 - decay)
            else:
                value.copy_(new[name])
