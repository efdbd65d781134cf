"""The recipes of joint generation: no pair is ever seen, what is exported is a prior, a resumed run is the same."""

from __future__ import annotations

import os
import signal

import pytest
import torch

import restore
from restore.errors import InputError, UsageError
from restore.training import checkpoint
from restore.training.squares import load_digits
from restore.weights import header
from restore_cogan.agreement import edges
from restore_cogan.coupled import decayed


def interrupted(recipe, at):
    draw = recipe.batch

    def interrupting(step):
        if step == at:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(step)

    recipe.batch = interrupting
    return recipe


@pytest.mark.parametrize(("name", "other"), [("cogan-mnist-edge", "edge"), ("cogan-mnist-negative", "negative")])
def test_what_it_writes_is_a_prior_that_others_load(tmp_path, digits, run, name, other):
    result = run(name, tmp_path / "run", digits / "mnist")
    assert header(result.weights).metadata["model"] == name
    assert set(result.scores) == {"agreement", "strangers"}
    card = result.weights.with_suffix(".md").read_text()
    assert f"names=mnist+{other}" in card
    assert f"20 as they are, 20 others as {other}" in card
    assert f"- agreement: {result.scores['agreement']:.4f}" in card
    prior = restore.load_prior(name, device="cpu", weights=result.weights)
    z = prior.sample(2, torch.Generator().manual_seed(0))
    assert prior.decode(z).shape == (2, 1, 28, 56)
    one = restore.load_prior(f"{name}:show={other}", device="cpu", weights=result.weights)
    assert torch.equal(one.decode(z), prior.decode_pair(z)[1])
    with pytest.raises(UsageError, match="was trained with tied=4 and cannot do tied=3"):
        restore.load_prior(f"{name}:tied=3", device="cpu", weights=result.weights)


def test_no_pair_is_ever_seen(digits, build):
    recipe = build("cogan-mnist-edge")
    recipe.load_data(digits / "mnist", lambda done, total: None)
    images, _ = load_digits(digits / "mnist", "train")
    assert torch.equal(recipe.images[0], images[:20])
    assert torch.equal(recipe.images[1] / 255.0, edges(images[20:] / 255.0))


def test_batches_are_a_function_of_the_step(digits, build):
    recipe = build("cogan-mnist-edge")
    recipe.load_data(digits / "mnist", lambda done, total: None)
    one, again, other = recipe.batch(5), recipe.batch(5), recipe.batch(6)
    assert one["first"].shape == one["second"].shape == (3, 1, 28, 28)
    assert one["z"].shape == one["z_critic"].shape == (3, 5)
    assert all(torch.equal(one[key], again[key]) for key in one)
    assert not torch.equal(one["z"], other["z"])
    assert not torch.equal(one["z"], one["z_critic"])


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(tmp_path, digits, run, build, ema):
    options = {"ema": ema}
    whole = run("cogan-mnist-edge", tmp_path / "whole", digits / "mnist", **options)
    recipe = interrupted(build("cogan-mnist-edge", **options), 3)
    parts = tmp_path / "parts"
    assert run("cogan-mnist-edge", parts, digits / "mnist", recipe=recipe, **options).weights is None
    second = run("cogan-mnist-edge", parts, digits / "mnist", resume=True, **options)
    assert whole.weights.read_bytes() == second.weights.read_bytes()


def test_each_turn_moves_its_own_half(tmp_path, digits, run, build):
    recipe = build("cogan-mnist-edge", learning_rate=1e-30)
    torch.manual_seed(recipe.seed)
    before = recipe.build()[1].network.state_dict()
    result = run("cogan-mnist-edge", tmp_path / "run", digits / "mnist", recipe=recipe)
    after = checkpoint.load(result.checkpoint)["networks"]["generator"]
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    learnt = {name for name, _ in recipe.build()[1].network.named_parameters()}
    # Shifts begin at 0, from where the smallest step can be seen.
    assert not {name for name in moved & learnt if name.startswith("generator") and "shift" not in name}
    assert {name for name in learnt if name.startswith("discriminator")} <= moved


def test_batch_norms_hold_the_statistics_of_the_population(tmp_path, digits, run):
    result = run("cogan-mnist-edge", tmp_path / "run", digits / "mnist")
    prior = restore.load_prior("cogan-mnist-edge", device="cpu", weights=result.weights)
    z = prior.sample(4000, torch.Generator().manual_seed(9))
    convolution, norm, _ = prior.generator.shared[0]
    entering = convolution(z[:, :, None, None])
    torch.testing.assert_close(norm.running_mean, entering.mean((0, 2, 3)), atol=0.05, rtol=0)
    torch.testing.assert_close(norm.running_var, entering.var((0, 2, 3)), atol=0.0, rtol=0.15)


def test_weights_decay_and_nothing_else(build):
    prior = build("cogan-digits").prior()
    weights, rest = decayed(prior.generator.parameters(), 5e-4)
    assert (weights["weight_decay"], rest["weight_decay"]) == (5e-4, 0.0)
    assert len(weights["params"]) == 6
    kinds = {id(parameter): name for name, parameter in prior.generator.named_parameters()}
    assert {kinds[id(one)].rpartition(".")[2] for one in rest["params"]} == {"shift", "weight", "bias"}
    assert all(one.numel() == 1 for one in rest["params"] if kinds[id(one)].endswith("weight"))  # slopes of PReLU


def test_the_rate_falls_in_the_second_half(build):
    recipe = build("cogan-mnist-edge", steps=100, schedule="linear")
    assert [recipe.learning_rate(step) for step in (1, 51, 76, 100)] == pytest.approx([1, 1, 0.5, 0.02])
    assert build("cogan-mnist-edge", steps=100).learning_rate(100) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1}, "batch_size=1"),
        ({"steps": 0}, "steps=0"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"weight_decay": -1}, "weight_decay=-1"),
        ({"consistency": float("inf")}, "consistency=inf"),
        ({"first": 1}, "first=1"),
        ({"tied": 5}, "5 in common"),
        ({"loss": "wasserstein"}, "loss"),
    ],
)
def test_what_cannot_be(build, options, message):
    with pytest.raises(UsageError, match=message):
        build("cogan-mnist-edge", **options)


def test_one_image_makes_no_two_domains(tmp_path, build):
    import numpy as np
    from PIL import Image

    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "one.png")
    with pytest.raises(InputError, match="no two domains"):
        build("cogan-mnist-edge").load_data(tmp_path, lambda done, total: None)
    with pytest.raises(UsageError, match="--data"):
        build("cogan-mnist-edge").load_data(None, lambda done, total: None)
