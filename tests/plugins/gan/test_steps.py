"""The two steps of a game without an observation: values by hand, and whom a gradient reaches."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import nn

from restore_gan.steps import d_step, g_step, minimax_loss


class Mean(nn.Module):
    """A critic whose logit is a multiple of the mean."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))

    def forward(self, image):
        return self.factor * image.mean((1, 2, 3))


class Constant(nn.Module):
    """A generator of one gray."""

    def __init__(self):
        super().__init__()
        self.gray = nn.Parameter(torch.tensor(0.25))

    def forward(self, z):
        return self.gray.expand(len(z), 1, 2, 2)


@pytest.fixture
def game():
    return Mean(), Constant(), torch.full((3, 1, 2, 2), 0.75), torch.zeros(3, 1)


def same(image):
    return image


def softplus(value):
    return math.log1p(math.exp(value))


def test_the_critic_by_hand(game):
    critic, generator, real, z = game
    loss, terms = d_step(critic, generator, "vanilla", real, z, change=same, penalty=0.5)
    # Logits 1.5 and 0.5; the slope of a logit is 2/4 at each of 4 pixels, so R1 is 4 * 0.25.
    assert loss.item() == pytest.approx(softplus(-1.5) + softplus(0.5) + 0.5 * 1)
    assert {name: float(value) for name, value in terms.items()} == {
        "accuracy": 0.5, "real": 1.5, "fake": 0.5, "r1": 1,
    }  # fmt: skip
    loss.backward()
    assert critic.factor.grad is not None
    assert generator.gray.grad is None


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("vanilla", softplus(-0.5)),
        ("minimax", -softplus(0.5)),
        ("lsgan", 0.125),
        ("hinge", -0.5),
        ("relativistic", 2 * softplus(1.0)),
    ],
)
def test_the_generator_by_hand(game, kind, loss):
    critic, generator, real, z = game
    found, terms = g_step(generator, critic, kind, real, z, change=same)
    assert found.item() == pytest.approx(loss)
    assert float(terms["fake"]) == 0.5
    found.backward()
    assert float(generator.gray.grad) < 0  # brighter is likelier
    assert critic.factor.grad is None
    assert critic.factor.requires_grad


def test_minimax_is_the_negated_half_of_the_critics_game(game):
    critic, generator, real, z = game
    judged, _ = d_step(critic, generator, "minimax", real, z, change=same)
    assert judged.item() == pytest.approx(softplus(-1.5) + softplus(0.5))
    logits = torch.tensor([-3.0, 0, 4])
    torch.testing.assert_close(minimax_loss(logits), (1 - logits.sigmoid()).log())


def test_both_see_images_changed(game):
    critic, generator, real, z = game
    darker = partial(torch.mul, torch.tensor(0.5))
    _, terms = d_step(critic, generator, "vanilla", real, z, change=darker)
    assert (float(terms["real"]), float(terms["fake"])) == (0.75, 0.25)
    assert g_step(generator, critic, "hinge", real, z, change=darker)[0].item() == -0.25
