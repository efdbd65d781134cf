"""What a user of `restore train` relies on: resuming, interrupting, refusing, exporting."""

from __future__ import annotations

import json
import os
import signal

import pytest
import torch

from restore.errors import InputError, UsageError
from restore.training import checkpoint, train
from restore.training.loop import TrainingError
from restore.weights import read


def entries(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def interrupt_at(step):
    def act(now):
        if now == step:
            os.kill(os.getpid(), signal.SIGINT)

    return act


@pytest.mark.parametrize("stop", [1, 5, 7, 11])
def test_a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(doubling, settings, stop):
    whole = train(doubling(), settings("whole"))
    recipe = doubling()
    recipe.after_step = interrupt_at(stop)
    first = train(recipe, settings("parts"))
    assert (first.step, first.weights) == (stop, None)
    second = train(doubling(), settings("parts", resume=True))
    one, two = checkpoint.load(whole.checkpoint), checkpoint.load(second.checkpoint)
    for part in ("networks", "optimizers", "average"):
        assert_equal_state(one[part], two[part])
    assert whole.weights.read_bytes() == second.weights.read_bytes()
    losses = [[(e["step"], e.get("net/loss")) for e in entries(settings(f).output)] for f in ("whole", "parts")]
    assert losses[0] == losses[1]


def assert_equal_state(one, two):
    assert type(one) is type(two)
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, two)
    elif isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_equal_state(one[key], two[key])
    else:
        assert one == two


def test_a_killed_run_continues_from_its_last_checkpoint(doubling, settings):
    recipe = doubling()

    def crash(step):
        if step == 8:
            raise RuntimeError("power cut")

    recipe.after_step = crash
    with pytest.raises(RuntimeError, match="power cut"):
        train(recipe, settings("run"))
    second = doubling()
    result = train(second, settings("run", resume=True))
    assert second.seen == list(range(6, 13))
    assert [e["step"] for e in entries(settings("run").output) if "net/loss" in e] == list(range(1, 13))
    whole = train(doubling(), settings("whole"))
    assert whole.weights.read_bytes() == result.weights.read_bytes()


def test_the_exported_weights_are_the_moving_average_in_half_precision(doubling, settings):
    result = train(doubling(), settings("run", options={"steps": 12}))
    state, metadata = read(result.weights)
    average = checkpoint.load(result.checkpoint)["average"]
    for name, value in average.items():
        expected = value.half().to(state[name].dtype) if value.is_floating_point() else value
        assert torch.equal(state[name], expected)
    assert (metadata["model"], metadata["steps"], metadata["seed"]) == ("doubling", "12", "3")
    card = result.weights.with_suffix(".md").read_text()
    assert "steps=12" in card
    assert "numbers from" in card
    assert f"bias: {result.scores['bias']:.4f}" in card


def test_the_learning_rate_follows_the_schedule(doubling, settings):
    train(doubling(steps=4), settings("run"))
    factors = [e["learning_rate_factor"] for e in entries(settings("run").output) if "net/loss" in e]
    assert factors == pytest.approx([1, 0.8535533905932737, 0.5, 0.1464466094067262], abs=1e-12)


def test_a_loss_that_is_no_number_stops_and_leaves_the_last_checkpoint(doubling, settings):
    with pytest.raises(TrainingError, match="step 7: the loss of net is nan"):
        train(doubling(poison=7), settings("run"))
    assert checkpoint.load(settings("run").output / "checkpoint.safetensors")["step"] == 5


def test_a_run_is_never_overwritten(doubling, settings):
    train(doubling(), settings("run"))
    with pytest.raises(UsageError, match="holds a run already"):
        train(doubling(), settings("run"))


def test_resuming_nothing_or_another_run_is_refused(doubling, settings):
    with pytest.raises(UsageError, match="no checkpoint"):
        train(doubling(), settings("run", resume=True))
    train(doubling(), settings("run"))
    with pytest.raises(UsageError, match="resume it with the same"):
        train(doubling(seed=4), settings("run", resume=True, options={"seed": 4}))


def test_a_damaged_checkpoint_is_told(doubling, settings):
    train(doubling(), settings("run"))
    path = settings("run").output / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="not a readable checkpoint"):
        train(doubling(), settings("run", resume=True))


def test_curves_reach_tensorboard(doubling, settings):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train(doubling(), settings("run"))
    board = event_accumulator.EventAccumulator(str(settings("run").output))
    board.Reload()
    assert [event.step for event in board.Scalars("net/loss")] == list(range(1, 13))
    assert [event.step for event in board.Scalars("validation/bias")] == [4, 8, 12]
