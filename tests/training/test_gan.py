"""Adversarial losses: values by hand, gradients that point where they should, a penalty of a known slope."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from restore.training.gan import accuracy, critic_loss, frozen, generator_loss, gradient_penalty

KINDS = ("vanilla", "lsgan", "hinge", "relativistic")


def logits(*values):
    return torch.tensor(values, dtype=torch.float64)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize(
    ("kind", "critic", "generator"),
    [
        ("vanilla", -math.log(sigmoid(2)) - math.log(1 - sigmoid(-0.5)), -math.log(sigmoid(-0.5))),
        ("lsgan", ((2 - 1) ** 2 + 0.5**2) / 2, (-0.5 - 1) ** 2 / 2),
        ("hinge", 0 + (1 - 0.5), 0.5),
        ("relativistic", -2 * math.log(sigmoid(2.5)), -2 * math.log(sigmoid(-2.5))),
    ],
)
def test_values_by_hand(kind, critic, generator):
    """A real image of logit 2, a fake one of -0.5; alone in its batch, an image is its own mean."""
    real, fake = logits(2), logits(-0.5)
    assert critic_loss(kind, real, fake).item() == pytest.approx(critic, abs=1e-12)
    assert generator_loss(kind, fake, real).item() == pytest.approx(generator, abs=1e-12)


def test_a_relativistic_loss_compares_with_the_mean_of_the_other_kind():
    """By hand: the real mean is 2, the fake one 0."""
    real, fake = logits(1, 3), logits(-1, 1)
    expected = [-math.log(sigmoid(1)) - math.log(sigmoid(3)), -math.log(sigmoid(3)) - math.log(sigmoid(1))]
    assert critic_loss("relativistic", real, fake).tolist() == pytest.approx(expected, abs=1e-12)
    turned = [-math.log(sigmoid(-1)) - math.log(sigmoid(-3)), -math.log(sigmoid(-3)) - math.log(sigmoid(-1))]
    assert generator_loss("relativistic", fake, real).tolist() == pytest.approx(turned, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind):
    chance = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(3, 1, 2, 2, generator=chance, dtype=torch.float64).requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(lambda r, f: critic_loss(kind, r, f), (real, fake))
    assert torch.autograd.gradcheck(lambda f: generator_loss(kind, f, real.detach()), fake)


@pytest.mark.parametrize("kind", KINDS)
def test_the_critic_parts_them_and_the_generator_wants_to_be_likely(kind):
    real, fake = logits(0.1, -0.2).requires_grad_(), logits(0.2, 0.05).requires_grad_()
    critic_loss(kind, real, fake).mean().backward()
    assert (real.grad < 0).all()  # a step against the gradient makes real images likelier
    assert (fake.grad > 0).all()
    fake.grad = None
    generator_loss(kind, fake, real.detach()).mean().backward()
    assert (fake.grad < 0).all()


def test_a_vanilla_generator_that_is_found_out_still_learns():
    fake = logits(-50).requires_grad_()
    generator_loss("vanilla", fake).sum().backward()
    assert fake.grad.item() == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_places_of_a_patch_critic_are_averaged_and_half_precision_is_left(kind):
    real, fake = (
        torch.full((2, 1, 3, 4), 0.5, dtype=torch.bfloat16),
        torch.full((2, 1, 3, 4), -1.5, dtype=torch.bfloat16),
    )
    for found, expected in (
        (critic_loss(kind, real, fake), critic_loss(kind, logits(0.5, 0.5), logits(-1.5, -1.5))),
        (generator_loss(kind, fake, real), generator_loss(kind, logits(-1.5, -1.5), logits(0.5, 0.5))),
    ):
        assert (found.shape, found.dtype) == ((2,), torch.float32)
        torch.testing.assert_close(found.double(), expected)


def test_the_penalty_of_a_linear_critic_is_its_squared_length():
    """The gradient of 3 x_0 - 4 x_1 is (3, -4) everywhere: 25. The logit of places is their mean."""
    weight = torch.tensor([3.0, -4.0], dtype=torch.float64)
    images = torch.rand(2, 2, 1, 1, dtype=torch.float64, requires_grad=True)
    scores = (images.flatten(1) * weight).sum(1)
    assert gradient_penalty(scores, images).tolist() == pytest.approx([25, 25])
    places = torch.stack([scores, 3 * scores], 1)  # their mean has twice the slope
    assert gradient_penalty(places, images).tolist() == pytest.approx([100, 100])


def test_the_penalty_teaches_the_critic():
    critic = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Softplus(), nn.Flatten(), nn.Linear(18, 1), nn.Flatten(0)).double()
    images = torch.rand(2, 1, 5, 5, dtype=torch.float64, requires_grad=True)

    def penalty(weight):
        made = torch.func.functional_call(critic, {"0.weight": weight}, (images,))
        return gradient_penalty(made, images)

    assert torch.autograd.gradcheck(penalty, critic[0].weight.detach().clone().requires_grad_())


@pytest.mark.parametrize(
    ("kind", "real", "fake", "right"),
    [
        ("vanilla", (1, -1), (-1, -2), 0.75),
        ("hinge", (1, 2), (-1, -2), 1.0),
        ("lsgan", (0.6, 0.4), (0.4, 0.6), 0.5),
        ("relativistic", (5, 6), (4, 3), 1.0),
        ("vanilla", (5, 6), (4, 3), 0.5),
    ],
)
def test_accuracy(kind, real, fake, right):
    assert accuracy(kind, logits(*real), logits(*fake)).item() == right


def test_frozen_parameters_get_no_gradient_and_learn_again_afterwards():
    network = nn.Linear(2, 1)
    network.bias.requires_grad_(False)
    image = torch.ones(1, 2, requires_grad=True)
    with pytest.raises(ZeroDivisionError), frozen(network):
        raise ZeroDivisionError
    with frozen(network):
        judged = network(image)
    judged.sum().backward()
    assert image.grad.abs().sum() > 0
    assert network.weight.grad is None
    assert (network.weight.requires_grad, network.bias.requires_grad) == (True, False)
