"""The steps of adversarial training, on networks small enough to follow."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.contracts import Observation
from restore.objective import build_objective
from restore_srgan.steps import d_step, g_step


class Brighter(nn.Module):
    """Adds one number."""

    def __init__(self):
        super().__init__()
        self.more = nn.Parameter(torch.tensor(0.25, dtype=torch.float64))

    def forward(self, observation):
        return observation.image + self.more


class Mean(nn.Module):
    """Its logit is a slope times the mean of an image."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, image):
        return self.slope * image.mean((1, 2, 3))


@pytest.fixture
def parts():
    low = torch.full((2, 3, 2, 2), 0.25, dtype=torch.float64)
    return Brighter(), Mean(), Observation(image=low), torch.ones_like(low)


def test_the_critics_step(parts):
    """By hand: real logits are 2, fake ones 2 * (0.25 + 0.25) = 1; hinge gives max(0, 1 - 2) + 1 + 1 = 2."""
    generator, critic, low, high = parts
    loss, terms = d_step(critic, generator, "hinge", low, high)
    assert loss.item() == 2
    assert {name: value.item() for name, value in terms.items()} == {"accuracy": 0.5, "real": 2, "fake": 1}
    loss.backward()
    assert critic.slope.grad.item() == 0.5  # of 1 + slope / 2
    assert generator.more.grad is None


def test_the_critics_penalty(parts):
    """By hand: each of the 12 slopes is 2 / 12, so the sum of their squares is 1/3; its own slope is 2 * 2 / 12."""
    generator, critic, low, high = parts
    loss, terms = d_step(critic, generator, "hinge", low, high, penalty=3)
    assert terms["r1"].item() == pytest.approx(1 / 3)
    assert loss.item() == pytest.approx(2 + 1)
    loss.backward()
    assert critic.slope.grad.item() == pytest.approx(0.5 + 3 / 3)
    assert not high.requires_grad


def test_the_generators_step(parts):
    """By hand: content is 3 * |0.5 - 1|, the adversarial term 0.1 * -1."""
    generator, critic, low, high = parts
    objective = build_objective("3*l1 + 0.1*adversarial:kind=hinge")
    loss, terms = g_step(generator, critic, objective, low, high)
    assert {name: round(value.item(), 12) for name, value in terms.items()} == {"l1": 1.5, "adversarial": -0.1}
    assert loss.item() == pytest.approx(1.4)
    loss.backward()
    assert generator.more.grad.item() == pytest.approx(-3 - 0.2)
    assert critic.slope.grad is None
    assert critic.slope.requires_grad


def test_gradients_are_measured_on_request_and_change_nothing(parts):
    """By hand, over 24 values: content 3 / 24 each, the critic 0.1 * 2 / 24 each; lengths are sqrt(24) times that."""
    generator, critic, low, high = parts
    objective = build_objective("2*l1 + charbonnier:epsilon=1e-9 + 0.1*adversarial:kind=hinge")
    loss, terms = g_step(generator, critic, objective, low, high, measure=True)
    root = 24**0.5
    assert terms["gradient_l1"].item() == pytest.approx(2 / root)
    assert terms["gradient_content"].item() == pytest.approx(3 / root)
    assert terms["gradient_adversarial"].item() == pytest.approx(0.2 / root)
    assert terms["gradient_ratio"].item() == pytest.approx(0.2 / 3)
    loss.backward()
    assert generator.more.grad.item() == pytest.approx(-3.2)
