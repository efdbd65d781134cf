"""Batch norm with the statistics of the population, so that an image does not depend on its neighbours.

A moving average follows the weights with a delay, and that of averaged weights belongs to no weights at all. Zhu et
al. (iGAN, ECCV 2016) measure mean and variance anew once a network is trained; so do we.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def population_statistics(network: nn.Module) -> Iterator[None]:
    """Measure the statistics of all batch norms over what is passed through the network within.

    Within, each norm works with the statistics of its batch, as in training; afterwards it holds mean and variance of
    all values that it saw. A norm that saw none keeps what it had. No gradients are recorded.

    Args:
        network: its norms' running statistics are replaced; whether it trains or not is left as it was.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    seen = [_Moments(norm) for norm in norms]
    modes = [norm.training for norm in norms]
    hooks = [norm.register_forward_pre_hook(moments.take) for norm, moments in zip(norms, seen, strict=True)]
    for norm in norms:
        norm.train()
    try:
        with torch.no_grad():
            yield
    finally:
        for norm, mode, hook in zip(norms, modes, hooks, strict=True):
            hook.remove()
            norm.train(mode)
        for moments in seen:
            moments.give()


class _Moments:
    """Count, mean and mean square of what enters a norm, by channel, in float64."""

    def __init__(self, norm: _BatchNorm) -> None:
        self.norm = norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        self.mean, self.variance = norm.running_mean, norm.running_var
        self.kept = self.mean.clone(), self.variance.clone()
        self.count = 0
        self.sums = torch.zeros(2, len(self.mean), dtype=torch.float64)

    def take(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].transpose(0, 1).flatten(1).float()
        variance, mean = torch.var_mean(values, 1, correction=0)
        mean, variance = mean.double().cpu(), variance.double().cpu()
        self.count += values.shape[1]
        self.sums += values.shape[1] * torch.stack([mean, variance + mean.square()])

    def give(self) -> None:
        mean, variance = self.kept
        if self.count:
            mean, square = self.sums / self.count
            variance = (square - mean.square()).clamp(min=0) * self.count / max(self.count - 1, 1)
        self.mean.copy_(mean)
        self.variance.copy_(variance)
