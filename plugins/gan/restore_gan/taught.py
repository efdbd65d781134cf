"""The trained prior that an encoder is made for: a file, or the name of installed weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from restore import weights
from restore.errors import UsageError, WeightsError
from restore.registry import registry
from restore.trained import from_file, installed

ENCODER = "encoder."
"""What the names of an encoder's tensors begin with."""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """Weights of a prior, less those of an encoder that it may have had."""

    name: str
    sha256: str
    options: Mapping[str, Any]
    state: dict[str, Tensor]


def find_taught(prior: str, model: str) -> Taught:
    """Find ``model``, ``model.tag``, or a safetensors file that a recipe wrote.

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
        found = from_file(path, registry().find("prior", model), {})
        name, sha256 = path.name, weights.digest(path)
    else:
        component, chosen = registry().find_weighted("prior", prior)
        if component.spec.name != model:
            raise UsageError(f"{prior} is not {model}, whose encoder this recipe trains", f"--set prior={model}")
        filled = None if chosen is None else installed(component, (chosen,), {})
        if chosen is None or filled is None:
            raise WeightsError(
                f"{prior} has no weights that an encoder could learn from",
                f"--set prior=FILE names some of your own: restore train {model} writes them",
            )
        found, name, sha256 = filled, filled.name, chosen.sha256
    state = {key: value for key, value in found.state.items() if not key.startswith(ENCODER)}
    return Taught(name=name, sha256=sha256, options=found.options, state=state)
