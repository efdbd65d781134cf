"""The trained prior that an encoder is made for: a file, or the name of installed weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from restore.errors import UsageError, WeightsError
from restore.registry import registry
from restore.trained import Trained, from_file, installed

ENCODER = "encoder."
"""What the names of an encoder's tensors begin with."""


def find_taught(prior: str, model: str) -> Trained:
    """Find ``model``, ``model.tag``, or a safetensors file that a recipe wrote; an encoder in it is left out.

    Args:
        prior: what the user named.
        model: the prior that it has to be.

    Raises:
        UsageError: weights of another prior.
        UnknownNameError: neither such a file nor such weights.
        WeightsError: a file that cannot be used, or weights that are not here.
    """
    path = Path(prior).expanduser()
    if path.suffix == ".safetensors" or path.is_file():
        # Its name alone: the card that tells of it goes to people whose folders are others.
        return _without_encoder(replace(from_file(path, registry().find("prior", model), {}), name=path.name))
    component, chosen = registry().find_weighted("prior", prior)
    if component.spec.name != model:
        raise UsageError(f"{prior} is not {model}, whose encoder this recipe trains", f"--set prior={model}")
    found = None if chosen is None else installed(component, (chosen,), {})
    if found is None:
        raise WeightsError(
            f"{prior} has no weights that an encoder could learn from",
            f"--set prior=FILE names some of your own: restore train {model} writes them",
        )
    return _without_encoder(found)


def _without_encoder(found: Trained) -> Trained:
    return replace(found, state={name: value for name, value in found.state.items() if not name.startswith(ENCODER)})
