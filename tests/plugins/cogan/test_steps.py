"""The two steps of the coupled game: values by hand, and whom a gradient reaches."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from restore.training import gan
from restore_cogan.critic import CriticPair
from restore_cogan.generator import GeneratorPair
from restore_cogan.steps import d_step, g_step


@pytest.fixture
def game():
    """Networks in float64, real images of both domains, latents and labels."""
    torch.manual_seed(0)
    critic, generator = CriticPair(classes=10).double(), GeneratorPair(5, 0.02).double()
    first, second = torch.rand(2, 4, 1, 28, 28, dtype=torch.float64)
    return critic, generator, first, second, torch.rand(4, 5, dtype=torch.float64), torch.tensor([0, 3, 9, 3])


def test_the_critics_by_hand(game):
    critic, generator, first, second, z, labels = game
    loss, terms = d_step(
        critic, generator, "vanilla", first, second, z, labels=labels, classification=10.0, consistency=0.01
    )
    fakes = [generator.one(z, domain) for domain in (0, 1)]
    real = torch.cat([critic.judge(critic.features_of(x, d), d) for d, x in enumerate((first, second))])
    fake = torch.cat([critic.judge(critic.features_of(x, d), d) for d, x in enumerate(fakes)])
    reading = F.cross_entropy(critic.classify(critic.features_of(first, 0)), labels)
    apart = (critic.features_of(fakes[0], 0) - critic.features_of(fakes[1], 1)).square().sum() / 4
    game_loss = -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()
    assert loss.item() == pytest.approx((game_loss + 10 * reading + 0.01 * apart).item(), rel=1e-5)
    assert float(terms["classification"]) == pytest.approx(reading.item(), rel=1e-5)
    assert float(terms["consistency"]) == pytest.approx(apart.item(), rel=1e-5)
    assert 0 <= float(terms["classified"]) <= 1


def test_a_softmax_of_two_is_the_same_game():
    """The authors' loss: cross-entropy of two logits, of which ours is the difference."""
    two = torch.randn(8, 2, dtype=torch.float64)
    real, fake = (two[:, 1] - two[:, 0]).split(4)
    theirs = F.cross_entropy(two[:4], torch.ones(4).long()) + F.cross_entropy(two[4:], torch.zeros(4).long())
    torch.testing.assert_close(gan.critic_loss("vanilla", real, fake).mean(), theirs)


def test_the_critics_turn_is_theirs_alone(game):
    critic, generator, first, second, z, labels = game
    loss, _ = d_step(critic, generator, "vanilla", first, second, z, labels=labels, classification=1.0)
    loss.backward()
    assert all(parameter.grad is not None for parameter in critic.parameters())
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_what_has_no_weight_is_not_computed(game):
    critic, generator, first, second, z, labels = game
    loss, terms = d_step(critic, generator, "vanilla", first, second, z, labels=labels)
    assert set(terms) == {"accuracy", "real", "fake"}
    loss.backward()
    assert critic.classifier.weight.grad is None


@pytest.mark.parametrize("kind", ["vanilla", "lsgan", "hinge", "relativistic"])
def test_the_generators_turn_is_theirs_alone(game, kind):
    critic, generator, first, second, z, _ = game
    loss, terms = g_step(generator, critic, kind, first, second, z)
    assert math.isfinite(loss.item())
    loss.backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in critic.parameters())
    fake = torch.cat(critic(*generator(z)))
    assert float(terms["fake"]) == pytest.approx(fake.mean().item(), rel=1e-5)
    if kind == "vanilla":
        assert loss.item() == pytest.approx(-fake.sigmoid().log().mean().item(), rel=1e-5)
