"""Population statistics: mean and variance of all that was seen, against numpy; nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from restore.training.population import population_statistics


def test_they_are_those_of_all_values():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(3)
    batches = [torch.randn(n, 3, 4, 5) * 2 + torch.tensor([1.0, -20, 300]).view(3, 1, 1) for n in (2, 7, 3)]
    with population_statistics(norm):
        for batch in batches:
            norm(batch)
    seen = torch.cat(batches).numpy().astype(np.float64).transpose(1, 0, 2, 3).reshape(3, -1)
    np.testing.assert_allclose(norm.running_mean.numpy(), seen.mean(1), rtol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), seen.var(1, ddof=1), rtol=1e-5)


def test_what_a_layer_before_it_does_counts():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2), nn.BatchNorm1d(2)).eval()
    with population_statistics(network):
        for _ in range(40):
            network(torch.randn(500, 4))
        assert network[1].training
    assert not network[1].training
    with torch.no_grad():
        out = network(torch.randn(20000, 4))
    torch.testing.assert_close(out.mean(0), torch.zeros(2), atol=0.03, rtol=0)
    torch.testing.assert_close(out.std(0), torch.ones(2), atol=0.03, rtol=0)


def test_gradients_weights_and_unseen_norms_are_left_alone():
    network = nn.ModuleDict({"seen": nn.BatchNorm1d(2), "unseen": nn.BatchNorm1d(2)}).train()
    network["unseen"].running_mean.fill_(7)
    before = {name: value.clone() for name, value in network.named_parameters()}
    with population_statistics(network):
        assert not network["seen"](torch.randn(8, 2, requires_grad=True)).requires_grad
    assert network["unseen"].running_mean.tolist() == [7, 7]
    assert network["unseen"].running_var.tolist() == [1, 1]
    assert all(torch.equal(before[name], value) for name, value in network.named_parameters())
    assert network.training
    assert network["seen"](torch.randn(8, 2)).requires_grad


def test_an_error_within_leaves_no_hook():
    norm = nn.BatchNorm1d(2).eval()
    with pytest.raises(RuntimeError), population_statistics(norm):
        raise RuntimeError
    assert not norm.training
    assert not norm._forward_pre_hooks
