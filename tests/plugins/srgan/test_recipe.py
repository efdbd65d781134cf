"""The recipe learns something in a few steps."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from restore.contracts import Observation
from restore.errors import InputError, UsageError, WeightsError
from restore.registry import registry
from restore.training import Settings, train
from restore.weights import digest, read, write
from restore_srgan.generator import SRResNet

PSNR_X4 = "67164afbbbec41dbf9b5b55e658db552784048b253bd1751ee99ab86fd5dd5fe"
"""SHA-256 of the weights that the plugin ships."""


def nothing(done, total):
    pass


def test_a_step_draws_the_same_patches_whenever_it_is_asked(photos):
    recipe = registry().find("recipe", "srresnet-x4").build(patch=32, batch_size=3)
    recipe.load_data(photos, nothing)
    first, other, again = recipe.batch(5), recipe.batch(6), recipe.batch(5)
    assert torch.equal(first["original"], again["original"])
    assert not torch.equal(first["original"], other["original"])


def test_a_tiny_network_learns_and_its_weights_restore(photos, tmp_path):
    options = {"steps": 60, "batch_size": 4, "patch": 32, "blocks": 1, "channels": 8, "warmup": 5, "ema": 0.5}
    recipe = registry().find("recipe", "srresnet-x4").build(**options)
    settings = Settings(
        data=photos, output=tmp_path / "run", options=options, validation=photos, precision="float32",
        quiet=True, validate_every=20, log_every=10,
    )  # fmt: skip
    result = train(recipe, settings)
    scores = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    psnr = [entry["validation/psnr"] for entry in scores if "validation/psnr" in entry]
    assert len(psnr) == 3
    assert psnr[-1] > psnr[0]
    card = result.weights.with_suffix(".md").read_text("utf-8")
    assert "| Validation set | training-photos |" in card
    assert "under `sr-y`" in card
    assert f"- psnr: {psnr[-1]:.4f}" in card
    restorer = __import__("restore").load("srresnet", weights=result.weights, device="cpu")
    assert restorer(np.zeros((5, 6, 3), np.uint8)).shape == (20, 24, 3)


def test_data_or_patches_that_do_not_fit_are_refused(photos):
    with pytest.raises(UsageError, match="patch of 33"):
        registry().find("recipe", "srresnet-x4").build(patch=33)
    with pytest.raises(UsageError, match="upscales by 4") as caught:
        registry().find("recipe", "srresnet-x4").build(degradation="bicubic:scale=2")
    assert "bicubic:scale=4|jpeg:quality=50" in caught.value.cure
    with pytest.raises(UsageError, match="images are needed"):
        registry().find("recipe", "srresnet-x4").build().load_data(None, nothing)
    with pytest.raises(InputError, match="as large as a patch"):
        registry().find("recipe", "srresnet-x4").build(patch=128).load_data(photos, nothing)


def test_the_learning_rate_warms_up_and_falls_to_nothing():
    """By hand: 100 steps of warm-up, then half a cosine over 200: 1, 1/2 after 100 of them, next to 0 at last."""
    recipe = registry().find("recipe", "srresnet-x4").build(steps=300)
    rates = [recipe.learning_rate(step) for step in (1, 50, 100, 101, 201, 300)]
    assert rates == pytest.approx([0.01, 0.5, 1, 1, 0.5, 6.168375916970614e-05], abs=1e-12)


def test_the_terms_of_the_images_reach_the_card():
    assert registry().find("recipe", "srresnet-x4").build(data_terms="CC0-1.0").data_terms == "CC0-1.0"


def test_a_run_can_start_from_weights(photos, tmp_path):
    options = {"steps": 2, "batch_size": 1, "patch": 32, "blocks": 1, "channels": 8}
    find = registry().find("recipe", "srresnet-x4").build
    settings = Settings(data=photos, output=tmp_path / "first", options=options, precision="float32", quiet=True)
    first = train(find(**options), settings).weights
    [phase] = find(**options, init=str(first)).build()
    for name, value in read(first)[0].items():
        assert torch.equal(phase.network.state_dict()[name], value)
    with pytest.raises(WeightsError, match="does not fit"):
        find(**{**options, "channels": 16}, init=str(first)).build()


def test_weights_of_another_scale_give_all_but_the_upsampling(photos):
    recipe = registry().find("recipe", "srresnet-x2").build(init="srresnet.psnr-x4", patch=32)
    told = recipe.load_data(photos, nothing)
    assert f"; started from srresnet.psnr-x4, x4, sha256 {PSNR_X4}, with an upsampling at random" in told
    [phase] = recipe.build()
    own, given = phase.network.state_dict(), recipe.start.network().state_dict()
    taken = {name for name in own if not name.startswith("upsampling.")}
    assert taken == {name for name in given if not name.startswith("upsampling.")}
    assert all(torch.equal(own[name], given[name]) for name in taken)
    assert not torch.equal(own["upsampling.0.0.weight"], given["upsampling.0.0.weight"])
    assert recipe.batch(1)["degraded"].shape[-1] == 16


def test_weights_of_the_same_scale_are_told_too_and_without_any_nothing_is_said(photos):
    find = registry().find("recipe", "srresnet-x4").build
    told = find(init="srresnet.psnr-x4", patch=32).load_data(photos, nothing)
    assert told.endswith(f"; started from srresnet.psnr-x4, x4, sha256 {PSNR_X4}")
    assert "started" not in find(patch=32).load_data(photos, nothing)


def test_the_weights_and_their_card_tell_what_they_started_from(photos, tmp_path):
    options = {"steps": 1, "batch_size": 1, "patch": 32, "blocks": 1, "channels": 8}
    find = registry().find("recipe", "srresnet-x4").build

    def trained(folder, **more):
        given = {**options, **more}
        settings = Settings(data=photos, output=tmp_path / folder, options=given, precision="float32", quiet=True)
        return train(find(**given), settings).weights

    first = trained("first")
    second = trained("second", init=str(first))
    told = f"srresnet-x4.safetensors, x4, sha256 {digest(first)}"
    assert read(second)[1]["started_from"] == told
    assert f"; started from {told} |" in second.with_suffix(".md").read_text()
    assert "started_from" not in read(first)[1]


@pytest.mark.parametrize("empty", ["", " "])
def test_an_init_that_names_nothing_is_a_slip(empty):
    with pytest.raises(UsageError, match="init names no weights") as caught:
        registry().find("recipe", "srresnet-x4").build(init=empty)
    assert "--set init=srresnet.psnr-x4" in caught.value.cure
    assert registry().find("recipe", "srresnet-x4").build(init="none").start is None


def test_weights_of_another_scale_and_another_network_do_not_fit():
    with pytest.raises(WeightsError, match="does not fit"):
        registry().find("recipe", "srresnet-x2").build(init="srresnet.psnr-x4", blocks=15).build()


def test_weights_that_were_trained_without_the_bilinear_skip_do_not_fit(tmp_path):
    path, options = tmp_path / "plain.safetensors", {"blocks": 1, "channels": 4, "norm": "none"}
    write(path, SRResNet(**options).state_dict(), {"options": json.dumps(options)})
    with pytest.raises(WeightsError, match="skip=none"):
        registry().find("recipe", "srresnet-x4").build(init=str(path), blocks=1, channels=4).build()


def test_the_content_is_what_is_minimised_and_its_terms_are_logged(photos):
    """By hand: four times the mean of the squared error, as of images in [-1, 1], and a tenth of that of absolute."""
    recipe = registry().find("recipe", "srresnet-x4").build(
        patch=32, batch_size=2, blocks=1, channels=4, content="4*mse + 0.1*l1"
    )  # fmt: skip
    recipe.load_data(photos, nothing)
    [phase] = recipe.build()
    batch = recipe.batch(1)
    loss, terms = phase.objective(batch)
    error = phase.network(Observation(image=batch["degraded"])) - batch["original"]
    assert terms["mse"].item() == pytest.approx(4 * error.square().mean().item(), rel=1e-5)
    assert terms["l1"].item() == pytest.approx(0.1 * error.abs().mean().item(), rel=1e-5)
    assert loss.item() == pytest.approx(terms["mse"].item() + terms["l1"].item(), rel=1e-5)


def test_absolute_error_is_the_default_and_consistency_is_told_the_degradation(photos):
    find = registry().find("recipe", "srresnet-x4").build
    options = {"patch": 32, "batch_size": 2, "blocks": 1, "channels": 4}
    losses = []
    for content in ({}, {"content": "consistency"}):
        recipe = find(**options, **content)
        recipe.load_data(photos, nothing)
        torch.manual_seed(0)
        [phase] = recipe.build()
        batch = recipe.batch(1)
        loss, terms = phase.objective(batch)
        assert not terms
        losses.append(loss.item())
    error = phase.network(Observation(image=batch["degraded"])) - batch["original"]
    assert losses[0] == pytest.approx(error.abs().mean().item(), rel=1e-5)
    assert 0 < losses[1] < losses[0]


def test_a_content_that_asks_for_a_critic_is_refused_with_its_cure():
    with pytest.raises(UsageError, match="the loss adversarial, which asks a critic") as caught:
        build_tiny(content="l1 + adversarial").build()
    assert "srgan-x4" in caught.value.cure


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"content": "l1 + consistency", "degradation": "photo:scale=4"}, "the loss consistency here: .* at random"),
        ({"content": "l1 + consistency:border=4"}, "the loss consistency here: .*4 pixels left out"),
        ({"content": "l1 + contextual"}, "the loss contextual here: contextual compares images"),
        ({"content": "l1 + -1*mse"}, "weighs mse with -1"),
        ({"content": "0*l1 + 0*mse"}, "are 0"),
    ],
)
def test_a_content_that_cannot_be_minimised_is_refused_before_the_first_step(options, told):
    with pytest.raises(UsageError, match=told) as caught:
        build_tiny(**options).build()
    assert caught.value.cure


def build_tiny(**options):
    return registry().find("recipe", "srresnet-x4").build(
        **{"patch": 32, "batch_size": 1, "blocks": 1, "channels": 4} | options
    )  # fmt: skip


@pytest.mark.parametrize("name", ["srresnet-x2", "srresnet-x4"])
def test_a_fresh_network_prints_no_grid(name):
    [phase] = registry().find("recipe", name).build(blocks=1, channels=8).build()
    for stage in phase.network.upsampling:
        kernels = stage[0].weight.detach().unflatten(0, (8, stage.factor**2))
        assert torch.equal(kernels, kernels[:, :1].expand_as(kernels))
        assert not torch.equal(kernels[0], kernels[1])
