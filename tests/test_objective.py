"""Weighted sums of losses: what the text means, terms, gradients, and what is refused."""

from __future__ import annotations

import pytest
import torch

from restore.errors import UnknownNameError, UsageError
from restore.objective import build_objective, gradient_norms


def pictures(*shape):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, *shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(
    "table", ["mse + 0.5*l1 + 2e-1 * tv:epsilon=0.1", {"mse": 1, "l1": 0.5, "tv:epsilon=0.1": 0.2}]
)
def test_the_sum_is_of_the_weighted_losses(table):
    first, second = pictures(2, 3, 6, 6)
    objective = build_objective(table)
    terms = objective.weighted(first, second)
    error = first - second
    torch.testing.assert_close(terms["mse"], error.square().mean((1, 2, 3)))
    torch.testing.assert_close(terms["l1"], error.abs().mean((1, 2, 3)) / 2)
    torch.testing.assert_close(terms["tv"], build_objective("tv:epsilon=0.1")(first, second) / 5)
    torch.testing.assert_close(objective(first, second), terms["mse"] + terms["l1"] + terms["tv"])


def test_one_loss_with_two_sets_of_options_is_two_terms():
    first, second = pictures(1, 1, 6, 6)
    terms = build_objective("charbonnier + 2*charbonnier:epsilon=0.5").weighted(first, second)
    assert list(terms) == ["charbonnier", "charbonnier:epsilon=0.5"]


def test_a_plus_without_spaces_joins_values():
    with pytest.raises(UsageError, match=r"not '0.1\+l1'"):
        build_objective("charbonnier:epsilon=0.1+l1")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("l1+mse", "write l1 + mse, with spaces"),
        ("0.1*l1+tv:epsilon=0.1", "write l1 + tv"),
        ("l1+0.1*mse", "write l1 + 0.1*mse, with spaces"),
    ],
)
def test_a_plus_between_losses_wants_spaces(text, cure):
    with pytest.raises(UsageError, match="plus without spaces") as caught:
        build_objective(text)
    assert cure in caught.value.cure


def test_weights_may_be_negative():
    first, second = pictures(1, 1, 4, 4)
    torch.testing.assert_close(build_objective("-1*l1")(first, second), -build_objective("l1")(first, second))


@pytest.mark.parametrize(
    ("table", "error", "told"),
    [
        ("", UsageError, "empty term"),
        ({}, UsageError, "an objective needs a loss"),
        ("l1 + ", UsageError, "has an empty term"),
        ("0.1* + l1", UsageError, "has an empty term"),
        ("x*l1", UsageError, "'x' is not a weight"),
        ("nan*l1", UsageError, "cannot be weighed with nan"),
        ("l1 + l1", UsageError, "'l1' is given twice"),
        ("l3", UnknownNameError, "no loss is called 'l3'"),
        ("tv:sigma=1", UsageError, "tv has no option 'sigma'"),
    ],
)
def test_what_is_refused(table, error, told):
    with pytest.raises(error, match=told):
        build_objective(table)


def test_gradient_norms():
    """By hand: each of the 16 slopes of a mean absolute error is 1/16, so their length is 1/4; tv sees no target."""
    prediction = torch.zeros(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    target = torch.ones_like(prediction).detach()
    shown = prediction * 1
    terms = build_objective("3*l1").weighted(shown, target) | {"constant": (target.mean() * 1).view(1)}
    terms["constant"].requires_grad_()
    norms = gradient_norms(terms, shown)
    assert norms["l1"].item() == pytest.approx(0.75)
    assert norms["constant"].item() == 0
    terms["l1"].sum().backward()  # the graph is still there
    assert prediction.grad.abs().sum().item() == pytest.approx(3)
