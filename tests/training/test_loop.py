"""What a user of `restore train` relies on: resuming, interrupting, refusing, exporting."""

from __future__ import annotations

import json
import os
import signal
import weakref

import pytest
import torch

from restore.errors import InputError, UsageError
from restore.training import checkpoint, train
from restore.training.loop import TrainingError
from restore.weights import read


def entries(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def card(weights):
    return weights.with_suffix(".md").read_text("utf-8")


def interrupt_at(step):
    def act(now):
        if now == step:
            os.kill(os.getpid(), signal.SIGINT)

    return act


@pytest.mark.parametrize(("stop", "dropout"), [(1, 0), (5, 0), (8, 0), (11, 0), (7, 0.5)])
def test_a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(doubling, settings, stop, dropout):
    whole = train(doubling(dropout=dropout), settings("whole"))
    recipe = doubling(dropout=dropout)
    recipe.after_step = interrupt_at(stop)
    first = train(recipe, settings("parts"))
    assert (first.step, first.weights) == (stop, None)
    torch.rand(5)
    second = train(doubling(dropout=dropout), settings("parts", resume=True))
    one, two = checkpoint.load(whole.checkpoint), checkpoint.load(second.checkpoint)
    for part in ("networks", "optimizers", "average"):
        assert_equal_state(one[part], two[part])
    assert whole.weights.read_bytes() == second.weights.read_bytes()
    assert card(whole.weights) == card(second.weights)
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


def test_each_step_draws_anew(doubling, settings):
    """With one learning rate of 0 the weights stay; only dropout makes the losses of one batch differ."""
    recipe = doubling(dropout=0.5, steps=4)
    recipe.learning_rate = lambda step: 0.0
    recipe.batch = lambda step: {"x": torch.ones(2, 1, 5, 5)}
    train(recipe, settings("run"))
    losses = [e["net/loss"] for e in entries(settings("run").output) if "net/loss" in e]
    assert len(set(losses)) == 4


def test_a_recipe_is_asked_for_steps_from_one_to_the_last(doubling, settings):
    asked = []
    recipe = doubling(steps=3)
    recipe.learning_rate = lambda step: asked.append(step) or 1.0
    train(recipe, settings("run"))
    assert (recipe.seen, asked) == ([1, 2, 3], [1, 2, 3])


def test_validation_that_fails_costs_no_steps(doubling, settings):
    """Both come at step 4; the checkpoint is there although scoring failed."""
    recipe = doubling()

    def unreadable(network, folder):
        raise InputError("broken.png is corrupt")

    recipe.validate = unreadable
    with pytest.raises(InputError, match="corrupt"):
        train(recipe, settings("run", checkpoint_every=4))
    assert checkpoint.load(settings("run").output / "checkpoint.safetensors")["step"] == 4


def test_a_finished_run_is_left_as_it_is(doubling, settings):
    first = train(doubling(), settings("run"))
    folder = settings("run").output
    before = {path: path.read_bytes() for path in folder.iterdir()}
    again = doubling()
    result = train(again, settings("run", resume=True, validation=None))
    assert (result.step, result.weights, again.seen) == (12, first.weights, [])
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert f"bias: {first.scores['bias']:.4f}" in card(first.weights)


@pytest.mark.parametrize("lost", ["doubling.md", "doubling.safetensors"])
def test_a_run_that_died_after_its_last_checkpoint_is_scored_and_exported(doubling, settings, lost):
    first = train(doubling(), settings("run"))
    told, log = card(first.weights), entries(settings("run").output)
    (settings("run").output / lost).unlink()
    second = train(doubling(), settings("run", resume=True, validation=None))
    assert (second.scores, card(second.weights)) == (first.scores, told)
    assert [sorted(e) for e in entries(settings("run").output)] == [sorted(e) for e in log]


def test_the_card_of_an_earlier_run_is_no_sign_that_this_one_is_finished(doubling, settings):
    first = train(doubling(), settings("run"))
    described = first.weights.with_suffix(".md")
    described.write_text("of another run")
    os.utime(described, ns=(0, 0))
    train(doubling(), settings("run", resume=True))
    assert "bias" in card(first.weights)


def test_the_loaded_checkpoint_is_let_go(doubling, settings, monkeypatch):
    recipe = doubling()
    recipe.after_step = interrupt_at(5)
    train(recipe, settings("run"))
    loaded, alive = [], []
    load = checkpoint.load

    def watched(path):
        state = load(path)
        loaded.extend(weakref.ref(value) for value in state["networks"]["net"].values())
        return state

    monkeypatch.setattr(checkpoint, "load", watched)
    second = doubling()
    second.after_step = lambda step: alive.extend(ref() is not None for ref in loaded)
    train(second, settings("run", resume=True))
    assert (len(alive), any(alive)) == (7 * len(loaded), False)


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_float16_without_a_scaler_is_refused(doubling, settings, device):
    with pytest.raises(UsageError, match="float16") as caught:
        train(doubling(), settings("run", precision="float16", device=device))
    assert "bfloat16 or float32" in caught.value.cure
    assert not settings("run").output.exists()


def test_a_seed_that_no_generator_takes_is_refused(doubling, settings):
    with pytest.raises(UsageError, match="-1 is no seed"):
        train(doubling(seed=-1), settings("run"))


def test_the_exported_weights_are_the_moving_average_in_half_precision(doubling, settings):
    result = train(doubling(), settings("run", options={"steps": 12}))
    state, metadata = read(result.weights)
    average = checkpoint.load(result.checkpoint)["average"]
    for name, value in average.items():
        expected = value.half().to(state[name].dtype) if value.is_floating_point() else value
        assert torch.equal(state[name], expected)
    assert (metadata["model"], metadata["steps"], metadata["seed"]) == ("doubling", "12", "3")
    card = result.weights.with_suffix(".md").read_text("utf-8")
    assert "steps=12" in card
    assert "numbers from photos" in card
    assert f"bias: {result.scores['bias']:.4f}" in card
    assert result.scores["bias"] == float(average["3.bias"].half()) != float(average["3.bias"])


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


def test_a_damaged_checkpoint_is_told(doubling, settings):
    train(doubling(), settings("run"))
    path = settings("run").output / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="not a readable checkpoint"):
        train(doubling(), settings("run", resume=True))


def test_curves_reach_tensorboard(doubling, settings, board):
    train(doubling(), settings("run"))
    events = board.EventAccumulator(str(settings("run").output))
    events.Reload()
    assert [event.step for event in events.Scalars("net/loss")] == list(range(1, 13))
    assert [event.step for event in events.Scalars("validation/bias")] == [4, 8, 12]
