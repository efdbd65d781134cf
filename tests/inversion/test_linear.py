"""A linear prior: the search must find what linear algebra gives, to many digits."""

from __future__ import annotations

import pytest
import torch

from restore.composition import build_degradation
from restore.contracts import Observation
from restore.inversion import Settings, invert

EXACT = Settings(optimizer="lbfgs", steps=80, restarts=2, patience=None)
METHODS = {
    "lbfgs": EXACT,
    "adam": Settings(optimizer="adam", steps=800, learning_rate=0.1, restarts=2, patience=None),
    "nesterov": Settings(
        optimizer="nesterov", steps=800, learning_rate=40, schedule="constant", restarts=2, patience=None
    ),
}


def photos(count=3, size=(3, 8, 8), seed=1):
    return torch.rand(count, *size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def squares(matrix, target, ridge=0.0, anchor=0.0):
    """Return ``argmin mean((matrix z - target)**2) + ridge * mean((z - anchor)**2)`` for each row of ``target``."""
    n, d = matrix.shape
    left = matrix.T @ matrix / n + ridge / d * torch.eye(d, dtype=matrix.dtype)
    return torch.linalg.solve(left, (target @ matrix / n + ridge / d * anchor).T).T


@pytest.mark.parametrize("name", METHODS)
def test_every_method_finds_the_least_squares(linear, name):
    prior, y = linear(), photos()
    wanted = squares(prior.weight.double(), (y - 0.5).flatten(1))
    found = invert(prior, Observation(image=y), settings=METHODS[name])
    assert torch.allclose(found.latents, wanted[:, None].expand(-1, 2, -1), atol=1e-6)
    image = prior.double().decode(wanted)
    assert torch.allclose(found.image, image, atol=1e-6)
    assert torch.allclose(found.score, (image - y).square().flatten(1).mean(1), rtol=1e-9)


def test_missing_pixels_do_not_count_whatever_is_there(linear):
    prior, y = linear(), photos()
    mask = (torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(3)) < 0.6).double()
    shown = torch.where(mask > 0, torch.nan, y)
    found = invert(prior, Observation(image=shown, mask=mask), settings=EXACT)
    for i in range(3):
        there = (mask[i] == 0).expand(3, -1, -1).flatten()
        wanted = squares(prior.weight.double()[there], (y[i].flatten()[there] - 0.5)[None])
        assert torch.allclose(found.latent[i], wanted[0], atol=1e-6)
        residual = (prior.weight.double() @ wanted[0] + 0.5 - y[i].flatten())[there]
        assert found.score[i] == pytest.approx(residual.square().mean().item(), rel=1e-9)  # of the known pixels alone


@pytest.mark.parametrize("text", ["bicubic:scale=2", "gaussian-blur:sigma=1", "grayscale", "bicubic:scale=2|grayscale"])
def test_linear_degradations(linear, text):
    prior, harm = linear(), build_degradation(text)
    params = harm.draw(photos(), torch.Generator().manual_seed(0))
    y = harm(photos(), params)
    origin = torch.full((1, 3, 8, 8), 0.5, dtype=torch.float64)

    def degraded(image):
        return harm(image, harm.draw(image, torch.Generator().manual_seed(0))).flatten(1)

    columns = degraded(0.5 + prior.weight.T.double().view(-1, 3, 8, 8)) - degraded(origin)
    wanted = squares(columns.T, y.flatten(1) - degraded(origin))
    found = invert(prior, Observation(image=y, degradation=harm, params=params), settings=EXACT)
    assert torch.allclose(found.latent, wanted, atol=1e-5)


def test_noise_is_fitted_through_and_not_with_the_noise_that_was_drawn(linear):
    prior, harm = linear(), build_degradation("gaussian-noise:sigma=0.1")
    clean = prior.double().decode(prior.sample(4, torch.Generator().manual_seed(9)).double())
    seen = harm.observe(clean, torch.Generator().manual_seed(0))
    wanted = squares(prior.weight, (seen.image - 0.5).flatten(1))
    found = invert(prior, seen, settings=EXACT)
    assert torch.allclose(found.latent, wanted, atol=1e-6)
    assert (found.image - clean).square().mean() < 0.1 * (seen.image - clean).square().mean()


def test_latents_are_drawn_to_the_anchor(linear):
    prior, y = linear(), photos()
    anchor = torch.randn(3, 6, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    weighted = Settings(optimizer="lbfgs", steps=80, patience=None, latent_weight=0.01)
    for given, z0 in ((None, 0.0), (anchor, anchor)):
        wanted = squares(prior.weight.double(), (y - 0.5).flatten(1), 0.01, z0)
        found = invert(prior, Observation(image=y), settings=weighted, anchor=given)
        assert torch.allclose(found.latent, wanted, atol=1e-6)
        assert torch.allclose(found.terms["latent"][:, 0], 0.01 * (wanted - z0).square().mean(1), rtol=1e-5)


def test_float32_is_close(linear):
    prior, y = linear(), photos()
    wanted = squares(prior.weight.double(), (y - 0.5).flatten(1))
    found = invert(prior, Observation(image=y.float()), settings=EXACT)
    assert found.latent.dtype == found.image.dtype == found.score.dtype == torch.float32
    assert torch.allclose(found.latent.double(), wanted, atol=1e-3)


@pytest.mark.parametrize("method", ["lbfgs", "nesterov"])
def test_uniform_latents_stay_in_their_box_at_the_constrained_minimum(linear, method):
    prior, y = linear(gain=0.01).double(), photos()
    settings = Settings(
        optimizer=method, domain="uniform", learning_rate=100 if method == "nesterov" else 1, steps=600,
        schedule="constant", patience=None, restarts=1,
    )  # fmt: skip
    found = invert(prior, Observation(image=y), settings=settings)
    assert (found.latent.abs() == 1).sum() > 3
    z = found.latent.requires_grad_()
    (prior.decode(z) - y).square().flatten(1).mean(1).sum().backward()
    inside = z.detach().abs() < 1
    assert z.grad[inside].abs().max() < 1e-7  # the conditions of Karush, Kuhn and Tucker
    assert (z.grad * z.detach().sign())[~inside].max() <= 0


def test_tanh_latents_stay_inside(linear):
    found = invert(linear(), Observation(image=photos()), settings=Settings(domain="tanh", steps=300))
    assert 0.9 < found.latent.abs().max() < 1
