"""What a caller of the search relies on: independence, repetition, candidates, starts, budgets, clear errors."""

from __future__ import annotations

import copy
import time

import pytest
import torch
from torch import nn

from restore.composition import build_degradation
from restore.contracts import Observation
from restore.inversion import Settings, invert

SHORT = Settings(steps=30, restarts=2)
METHODS = ["adam", "nesterov", "lbfgs"]


@pytest.mark.parametrize("method", METHODS)
def test_an_image_is_the_same_alone_and_among_63_others(conv, method):
    y, _ = conv.drawn(64)
    mask = (torch.rand(64, 1, 16, 16, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    settings = Settings(optimizer=method, steps=25, restarts=2, batch=48, patience=8, tolerance=0.02)
    among = invert(conv, Observation(image=y, mask=mask), settings=settings)
    for i in (0, 41):
        alone = invert(conv, Observation(image=y[i : i + 1], mask=mask[i : i + 1]), settings=settings)
        assert torch.equal(alone.steps[0], among.steps[i])
        assert torch.allclose(alone.images[0], among.images[i], atol=1e-4)
        assert torch.allclose(alone.scores[0], among.scores[i], rtol=1e-3)
    assert conv.training  # the prior itself is left as it was
    assert all(p.requires_grad and p.grad is None for p in conv.parameters())


def test_params_of_each_image_are_its_own(conv):
    y, _ = conv.drawn(3)
    harm = build_degradation("gaussian-blur:sigma=0.5+3|bicubic:scale=2")
    seen = harm.observe(y, torch.Generator().manual_seed(0))
    among = invert(conv, seen, settings=SHORT)
    last = {"0.gaussian-blur": {"sigma": seen.params["0.gaussian-blur"]["sigma"][2:]}, "1.bicubic": {"scale": 2}}
    alone = invert(conv, Observation(image=seen.image[2:], degradation=harm, params=last), settings=SHORT)
    assert torch.allclose(alone.image[0], among.image[2], atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_the_best_iterate_of_the_best_restart_is_returned(conv, method):
    y, _ = conv.drawn(4)
    rate = {"adam": 0.5, "nesterov": 3.0, "lbfgs": 1.0}[method]  # so large that it goes up and down
    settings = Settings(optimizer=method, learning_rate=rate, schedule="constant", steps=40, restarts=3, patience=None)
    found = invert(conv, Observation(image=y), terms="0.01*tv", settings=settings)
    assert found.images.shape == (4, 3, 3, 16, 16)
    assert found.latents.shape == (4, 3, 10)
    assert found.trace.shape == (40, 4, 3)
    assert (found.steps == 40).all()
    assert torch.allclose(found.scores, found.trace.amin(0), rtol=1e-4)
    assert (found.trace.amin(0) < found.trace[-1] - 1e-9).any() or method == "lbfgs"
    assert torch.equal(found.best, found.scores.argmin(1))
    assert torch.equal(found.score, found.scores.amin(1))
    assert torch.allclose(sum(found.terms.values()), found.scores)
    assert set(found.terms) == {"fit", "tv"}
    image = conv.eval_decode(found.latent)
    assert torch.allclose(image, found.image, atol=1e-5)
    assert torch.allclose(found.terms["fit"][0, found.best[0]], (image[0] - y[0]).square().mean(), rtol=1e-4)
    assert found.latents.abs().max() <= 1


def test_images_of_the_prior_are_found_again(conv):
    y, _ = conv.drawn(6)
    found = invert(conv, Observation(image=y), settings=Settings(steps=200, restarts=6))
    assert (found.score < 1e-4).all()
    quick = invert(conv, Observation(image=y), settings=Settings(steps=100, restarts=6, optimizer="lbfgs"))
    assert (quick.score < 1e-4).sum() >= 5


def test_a_seed_decides_and_the_global_generator_does_not(conv):
    y, _ = conv.drawn(2)
    before = torch.get_rng_state()
    first = invert(conv, Observation(image=y), settings=SHORT)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    again = invert(conv, Observation(image=y), settings=SHORT)
    other = invert(conv, Observation(image=y), settings=Settings(steps=30, restarts=2, seed=1))
    assert torch.equal(first.latents, again.latents)
    assert not torch.allclose(first.latents, other.latents)
    more = invert(conv, Observation(image=y), settings=Settings(steps=30, restarts=3))
    assert torch.allclose(more.latents[:, :2], first.latents, atol=1e-4)  # a restart's start is its own


def test_searches_that_stand_still_leave(conv):
    y, z = conv.drawn(3)
    settings = Settings(steps=300, restarts=2, patience=20, tolerance=0.01, optimizer="lbfgs")
    found = invert(conv, Observation(image=y), settings=settings, start=z)
    assert (found.steps[:, 0] < 60).all()
    assert (found.steps[:, 0] % 10 == 0).all()
    assert (found.steps[:, 0] < found.steps[:, 1]).all()
    assert (found.score < 1e-10).all()


def test_time_is_kept_and_progress_told(conv):
    y, _ = conv.drawn(8)
    told = []
    begun = time.monotonic()
    settings = Settings(steps=100_000, restarts=4, patience=None, seconds=0.5, batch=16)
    found = invert(conv, Observation(image=y), settings=settings, progress=lambda *step: told.append(step))
    assert time.monotonic() - begun < 5
    assert found.steps.min() >= 10
    assert found.steps.max() < 100_000
    assert found.score.isfinite().all()
    told.clear()
    invert(conv, Observation(image=y), settings=Settings(steps=7, batch=16), progress=lambda *s: told.append(s))
    assert told == [(step + 1, 14) for step in range(14)]


def test_refinement_goes_beyond_what_latents_reach(conv):
    y = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    plain = invert(conv, Observation(image=y), settings=Settings(steps=100))
    for stage in (1, 2):
        finer = Settings(steps=100, refine_steps=100, refine_stage=stage)
        found = invert(conv, Observation(image=y), settings=finer)
        assert (found.score < 0.9 * plain.score).all()
        assert found.refined.shape == (100, 3)
        assert torch.equal(found.latents, plain.latents)
        assert torch.equal(found.best, plain.best)
        assert torch.allclose(found.score, (found.image - y).square().flatten(1).mean(1), rtol=1e-5)
        others = torch.arange(4)[None] != found.best[:, None]
        assert torch.equal(found.images[others], plain.images[others])
    held = Settings(steps=100, refine_steps=100, refine_weight=1e6)
    assert torch.allclose(invert(conv, Observation(image=y), settings=held).image, plain.image, atol=1e-2)


def test_a_critic_is_asked(conv):
    y, _ = conv.drawn(2)
    found = invert(conv, Observation(image=y), terms="0.5*adversarial", settings=SHORT)
    chosen = found.terms["adversarial"].take_along_dim(found.best[:, None], 1)[:, 0]
    assert torch.allclose(chosen, 0.5 * nn.functional.softplus(-conv.critic(found.image)), rtol=1e-3)


def test_all_missing_is_a_sample_that_the_terms_like(conv):
    y, _ = conv.drawn(2)
    observation = Observation(image=y, mask=torch.ones(2, 1, 16, 16))
    found = invert(conv, observation, terms="tv", settings=SHORT)
    assert (found.terms["fit"] == 0).all()
    assert found.image.isfinite().all()
    nothing = invert(conv, Observation(image=y, mask=torch.zeros(2, 1, 16, 16)), settings=SHORT)
    plain = invert(conv, Observation(image=y), settings=SHORT)
    assert torch.allclose(nothing.image, plain.image, atol=1e-5)


def test_bfloat16_is_near_and_its_scores_are_exact(conv):
    y, _ = conv.drawn(4)
    exact = invert(conv, Observation(image=y), settings=Settings(steps=150, restarts=4))
    rough = invert(conv, Observation(image=y), settings=Settings(steps=150, restarts=4), precision="bfloat16")
    assert rough.image.dtype == rough.latent.dtype == torch.float32
    assert torch.allclose(rough.score, (rough.image - y).square().flatten(1).mean(1), rtol=1e-4)
    assert (rough.score < exact.score + 1e-3).all()


def test_memory_that_does_not_suffice_halves_the_batch(linear, monkeypatch):
    prior, sizes = linear(), []
    decode = type(prior).decode

    def hungry(self, z):
        sizes.append(len(z))
        if len(z) > 2 and z.requires_grad:
            raise torch.OutOfMemoryError("too much")
        return decode(self, z)

    monkeypatch.setattr(type(prior), "decode", hungry)
    y = torch.rand(3, 3, 8, 8)
    found = invert(prior, Observation(image=y), settings=Settings(steps=5, restarts=2, batch=4))
    monkeypatch.setattr(type(prior), "decode", decode)
    assert torch.allclose(
        found.image, invert(prior, Observation(image=y), settings=Settings(steps=5, restarts=2)).image
    )
    assert max(sizes) == 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("method", METHODS)
def test_a_gpu_finds_what_the_cpu_finds(conv, method):
    y, _ = conv.drawn(8)
    seen = build_degradation("bicubic:scale=2").observe(y, torch.Generator().manual_seed(0))
    settings = Settings(optimizer=method, steps=20, restarts=4)
    here = invert(conv, seen, settings=settings)
    there = invert(copy.deepcopy(conv).cuda(), seen, settings=settings)
    assert there.image.device.type == "cuda"
    assert torch.allclose(there.image.cpu(), here.image, atol=0.05)
