"""Noise: its statistics are those of theory."""

from __future__ import annotations

import math

import pytest
import torch

from restore.composition import build_degradation
from restore.errors import UsageError

SIDE = 512
COUNT = 3 * SIDE * SIDE


def harmed(spec, level, *, seed=0):
    image = torch.full((1, 3, SIDE, SIDE), level, dtype=torch.float64)
    degradation = build_degradation(spec)
    return degradation(image, degradation.draw(image, torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("sigma", [0.01, 0.1])
def test_gaussian_noise(sigma):
    noise = harmed(f"gaussian-noise:sigma={sigma}", 0.5) - 0.5
    assert abs(noise.mean()) < 4 * sigma / math.sqrt(COUNT)
    assert noise.std() == pytest.approx(sigma, rel=4 / math.sqrt(2 * COUNT))
    standard = noise / noise.std()
    assert abs(standard.pow(3).mean()) < 4 * math.sqrt(6 / COUNT)
    assert standard.pow(4).mean() == pytest.approx(3, abs=4 * math.sqrt(24 / COUNT))


def test_gaussian_noise_is_white_in_space_and_colour():
    noise = (harmed("gaussian-noise:sigma=0.1", 0.5) - 0.5) / 0.1
    bound = 4 / math.sqrt(SIDE * SIDE)
    for shifted in (noise.roll(1, -1), noise.roll(1, -2), noise.roll(1, 1)):
        assert abs((noise * shifted).mean()) < bound


def test_gaussian_noise_of_white_is_clamped():
    noisy = harmed("gaussian-noise:sigma=0.1", 1.0)
    assert noisy.max() == 1
    # Half of the samples fall beyond white; the others are half a normal distribution below it.
    assert (noisy == 1).double().mean() == pytest.approx(0.5, abs=2e-3)
    assert 1 - noisy.mean() == pytest.approx(0.1 / math.sqrt(2 * math.pi), rel=5e-3)


@pytest.mark.parametrize(("peak", "level"), [(30, 0.5), (1000, 0.25), (4, 0.1)])
def test_poisson_counts_have_a_variance_that_is_their_mean(peak, level):
    counts = harmed(f"poisson-noise:peak={peak}", level) * peak
    rate = peak * level
    torch.testing.assert_close(counts, counts.round(), atol=1e-9, rtol=0)
    assert counts.mean() == pytest.approx(rate, abs=4 * math.sqrt(rate / COUNT))
    # The variance of a sample variance of Poisson counts is (rate + 2 rate**2) / n.
    assert counts.var() == pytest.approx(rate, abs=4 * math.sqrt((rate + 2 * rate**2) / COUNT))


def test_poisson_noise_leaves_black_black():
    assert not harmed("poisson-noise", 0.0).any()


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_salt_and_pepper(share):
    image = torch.rand(1, 3, SIDE, SIDE).mul(0.8).add(0.1)
    degradation = build_degradation(f"salt-pepper:share={share}")
    result = degradation(image, degradation.draw(image, torch.Generator().manual_seed(0)))
    salt, pepper = (result == 1).all(1), (result == 0).all(1)
    stuck = salt | pepper
    assert torch.equal((result != image).any(1), stuck)  # all channels of a pixel at once, or none
    bound = 4 * math.sqrt(share * (1 - share) / SIDE**2)
    assert stuck.double().mean() == pytest.approx(share, abs=bound + 1e-12)
    assert salt.double().mean() == pytest.approx(share / 2, abs=4 * math.sqrt(share / 2) / SIDE + 1e-12)


@pytest.mark.parametrize("spec", ["gaussian-noise:sigma=0.05", "salt-pepper:share=0.3"])
def test_gradients(spec):
    image = torch.rand(2, 1, 6, 7, dtype=torch.float64).mul(0.2).add(0.4).requires_grad_()
    degradation = build_degradation(spec)
    params = degradation.draw(image, torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(lambda x: degradation(x, params), image)


def test_no_gradient_flows_where_noise_is_clamped():
    image = torch.ones(1, 1, 32, 32, requires_grad=True)
    degradation = build_degradation("gaussian-noise:sigma=0.1")
    result = degradation(image, {"sigma": [0.1], "seed": [0]})
    (gradient,) = torch.autograd.grad(result.sum(), image)
    assert torch.equal(gradient[result < 1], torch.ones_like(gradient[result < 1]))
    assert not gradient[result == 1].any()


def test_a_sigma_of_zero_changes_nothing():
    assert (harmed("gaussian-noise:sigma=0", 0.3) == 0.3).all()


@pytest.mark.parametrize(
    "spec",
    [
        "gaussian-noise:sigma=-0.1",
        "gaussian-noise:sigma=0.1+0.2+0.3",
        "gaussian-noise:sigma=11",
        "poisson-noise:peak=0",
        "poisson-noise:peak=2e6",
        "salt-pepper:share=1.2",
    ],
)
def test_options_that_cannot_be(spec):
    with pytest.raises(UsageError):
        build_degradation(spec)


@pytest.mark.parametrize("spec", ["gaussian-noise:sigma=0.2", "poisson-noise:peak=10", "salt-pepper:share=0.3"])
def test_the_signal_is_what_the_noise_was_added_to_and_has_a_gradient(spec):
    image = torch.rand(2, 3, 8, 8).requires_grad_()
    degradation = build_degradation(spec)
    params = degradation.draw(image, torch.Generator().manual_seed(0))
    signal = degradation.signal(image, params)
    assert torch.equal(signal, image)
    assert not torch.equal(degradation(image, params), image)
    signal.sum().backward()
    assert torch.equal(image.grad, torch.ones_like(image))
