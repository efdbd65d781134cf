"""What the recipes minimise: a sum of losses, refused before the first step where it cannot work."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Observation
from restore.errors import InputError, UsageError
from restore.objective import Objective, Term, build_objective
from restore.options import parse
from restore.plugin import LossSpec
from restore.registry import registry


def build_content(text: str) -> Objective:
    """Build the content of a recipe.

    Raises:
        UsageError: a negative weight, or no weight above 0; or as ``build_objective``, as other errors are.
    """
    content = build_objective(text)
    for term in content.terms:
        if term.weight < 0:
            raise UsageError(
                f"the content weighs {term.name} with {term.weight:g}, and what is minimised would grow with the error",
                f"give {term.name} a weight above 0, or leave it out",
            )
    if not any(term.weight for term in content.terms):
        raise UsageError(f"all weights of the content {text!r} are 0", "give one of its losses a weight above 0")
    return content


def refuse_critics(content: Objective) -> None:
    """Raise UsageError where a loss asks for a critic that nothing trains."""
    for term in content.terms:
        if "critic" in needs(term):
            raise UsageError(
                f"the content has the loss {term.name}, which asks a critic, and this recipe trains none",
                "leave it out; adversarial losses belong to srgan-x4",
            )


def refuse_unanswered(content: Objective, seen: Observation, original: Tensor) -> None:
    """Raise UsageError where a loss cannot do with what will be observed.

    Args:
        content: the losses.
        seen: what training will show of one image, as it will show it.
        original: that image, ``(1, 3, H, W)``.
    """
    for term in content.terms:
        if "observation" not in needs(term):
            continue
        try:
            with torch.no_grad():
                term.loss(original, original, observation=seen)
        except (InputError, UsageError) as error:
            how = "" if seen.degradation else "; a degradation that draws at random is not told to the losses"
            raise UsageError(
                f"the content cannot have the loss {term.name} here: {error.message}{how}",
                f"leave {term.name} out of --set content, for example --set content=l1",
            ) from error


def needs(term: Term) -> tuple[str, ...]:
    """Return what a term's loss says it needs beside the prediction."""
    spec = registry().find("loss", parse(term.name)[0]).spec
    return spec.needs if isinstance(spec, LossSpec) else ()
