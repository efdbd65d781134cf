"""The moving average of weights against its definition."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.training.average import MovingAverage


def test_the_average_follows_its_definition_by_hand():
    """Step 1 keeps 1/10 of the initial weight, step 2 keeps 2/11 of what is there, step 99 the decay."""
    network = nn.Linear(1, 1, bias=False).double()
    network.weight.data.fill_(1.0)
    average = MovingAverage(network, 0.5)
    for step, weight in ((1, 2.0), (2, 4.0), (99, 8.0)):
        network.weight.data.fill_(weight)
        average.update(network, step)
    first = 0.1 * 1 + 0.9 * 2
    second = 2 / 11 * first + 9 / 11 * 4
    assert average.network.weight.item() == pytest.approx(0.5 * second + 0.5 * 8, abs=1e-15)


def test_counters_are_copied_and_gradients_never_asked_for():
    network = nn.BatchNorm2d(2)
    average = MovingAverage(network, 0.9)
    network(torch.rand(1, 2, 3, 3))
    average.update(network, 1)
    assert average.network.num_batches_tracked.item() == 1
    assert not average.network.training
    assert not any(p.requires_grad for p in average.network.parameters())
