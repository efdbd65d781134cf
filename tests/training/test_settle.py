"""What is validated and exported is the network as the recipe settled it; training goes on from the one it was."""

from __future__ import annotations

import signal

import pytest
import torch

from restore.training import checkpoint, train
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


def leave_off(recipe, step):
    """Interrupt the run in a step."""
    recipe.after_step = lambda now: signal.raise_signal(signal.SIGINT) if now == step else None
    return recipe


@pytest.mark.parametrize("ema", [0.9, 0.0])
@pytest.mark.parametrize("kind", ["resumed", "seldom", "never"])
def test_looking_does_not_change_the_run(settling, settings, ema, kind):
    """Not when it is left off and resumed, nor when it is looked at less often, or only at the end."""
    whole = train(settling(ema=ema), settings("whole"))
    if kind == "resumed":
        assert train(leave_off(settling(ema=ema), 4), settings(kind)).step == 4
    changes = {"resumed": {"resume": True}, "seldom": {"validate_every": 7}, "never": {"validation": None}}[kind]
    other = train(settling(ema=ema), settings(kind, **changes))
    assert whole.weights.read_bytes() == other.weights.read_bytes()
    one, two = (checkpoint.load(result.checkpoint) for result in (whole, other))
    assert one["networks"]["net"]["1.num_batches_tracked"] == 12
    for part in ("networks", "average", "optimizers"):
        torch.testing.assert_close(one[part], two[part], rtol=0, atol=0, msg=part)
