"""Weighted sums of losses: ``"l1 + 0.1*perceptual:net=vgg19,layers=relu3_4"``, or the same as a table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import UsageError
from restore.options import parse
from restore.registry import registry


@dataclass(frozen=True, kw_only=True)
class Term:
    """A loss with its weight, and its name in logs."""

    name: str
    weight: float
    loss: Loss


class Objective(Loss):
    """``sum of weight * loss``, whose terms can be looked at one by one.

    Args:
        terms: at least one, with different names.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        super().__init__()
        self.terms = tuple(terms)
        self.losses = torch.nn.ModuleList(term.loss for term in terms)

    def weighted(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> dict[str, Tensor]:
        """Return the terms by name, each times its weight, ``(B,)``; their sum is the objective."""
        return {
            term.name: term.weight * term.loss(prediction, target, observation=observation, context=context)
            for term in self.terms
        }

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``."""
        terms = self.weighted(prediction, target, observation=observation, context=context)
        return torch.stack(tuple(terms.values())).sum(0)


def build_objective(table: str | Mapping[str, float]) -> Objective:
    """Build a weighted sum of losses.

    Args:
        table: losses with options -> their weights, or the sum as text, with spaces around its signs and 1 for a
            weight that is left out: ``"0.01*l1 + perceptual:net=vgg19,layers=relu2_2+relu3_4"``.

    Raises:
        UsageError: an empty or repeated term, a weight that is not finite, an option that a loss does not take.
        UnknownNameError: a loss that no plugin offers.
        WeightsError: a network that a loss needs is not in the store.
    """
    pairs = _parsed(table) if isinstance(table, str) else list(table.items())
    if not pairs:
        raise UsageError("an objective needs a loss", 'write one as "l1", or a sum as "l1 + 0.1*tv"')
    terms: list[Term] = []
    for text, weight in pairs:
        if not math.isfinite(weight):
            raise UsageError(f"the loss {text!r} cannot be weighed with {weight}")
        name, options = parse(text)
        if "+" in name:
            raise _crowded(name)
        label = name if all(term.name != name for term in terms) else text
        if any(term.name == label for term in terms):
            raise UsageError(f"the loss {text!r} is given twice", "add up its weights")
        loss = registry().find("loss", name).build(**options)
        terms.append(Term(name=label, weight=weight, loss=loss))
    return Objective(terms)


def gradient_norms(terms: Mapping[str, Tensor], prediction: Tensor) -> dict[str, Tensor]:
    """Return the length of the gradient of each term's mean over the batch with respect to the prediction.

    It tells what a weight really weighs. The graph is kept, so that the sum can go backward afterwards; each term
    costs a backward pass of its own.

    Args:
        terms: ``(B,)`` each.
        prediction: what they were computed from, requiring gradients.
    """
    found = {}
    for name, values in terms.items():
        (slope,) = torch.autograd.grad(values.mean(), prediction, retain_graph=True, allow_unused=True)
        found[name] = values.new_zeros(()) if slope is None else slope.float().norm()
    return found


def _crowded(text: str) -> UsageError:
    apart = " + ".join(part.strip() for part in text.split("+"))
    return UsageError(f"the sum of losses {text.strip()!r} has a plus without spaces", f"write {apart}, with spaces")


def _parsed(text: str) -> list[tuple[str, float]]:
    """Split a sum at the plus signs between spaces; those without join values of an option."""
    pairs = []
    for part in re.split(r"\s\+\s", f" {text} "):
        weight, star, loss = part.partition("*")
        if not star:
            weight, loss = "1", part
        if not loss.strip():
            raise UsageError(f"the sum of losses {text!r} has an empty term", "write 0.1*l1 + 2*tv")
        try:
            pairs.append((loss.strip(), float(weight)))
        except ValueError:
            if "+" in weight:
                raise _crowded(part) from None
            raise UsageError(f"{weight.strip()!r} is not a weight", "write 0.1*l1 + 2*tv") from None
    return pairs
