"""What is validated and exported is the network as the recipe settled it; training goes on from the one it was."""

from __future__ import annotations

import pytest
import torch

from restore.training import train
from restore.training.population import population_statistics
from restore.weights import read


@pytest.fixture
def settling(doubling):
    class Settling(doubling):
        def settle(self, network):
            assert not network.training
            with population_statistics(network):
                network(torch.full((3, 1, 5, 5), 2.0))

        def validate(self, network, folder):
            return {"mean": float(network[1].running_mean[0]), "bias": float(network[0].bias[0])}

    return Settling


@pytest.mark.parametrize("ema", [0.9, 0.0])
def test_the_exported_weights_hold_what_settling_left(settling, doubling, settings, ema):
    result = train(settling(ema=ema), settings("settled"))
    plain = train(doubling(ema=ema), settings("plain"))
    state, _ = read(result.weights)
    unsettled, _ = read(plain.weights)
    # The middle pixels of a constant image see the whole kernel, those at the border a part of it.
    seen = torch.nn.functional.conv2d(
        torch.full((1, 1, 5, 5), 2.0), state["0.weight"], state["0.bias"], padding=1
    ).mean((0, 2, 3))
    torch.testing.assert_close(state["1.running_mean"], seen, atol=2e-3, rtol=2e-3)
    assert result.scores["mean"] == pytest.approx(float(state["1.running_mean"][0]), abs=1e-3)
    assert not torch.allclose(unsettled["1.running_mean"], seen, atol=2e-3, rtol=2e-3)
    for name in ("0.weight", "0.bias", "3.weight", "3.bias"):
        assert torch.equal(state[name], unsettled[name])
