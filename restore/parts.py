"""What a built module has loaded by name: components and networks of others, with the weights that fill them.

Options name them only in part: the default weights of ``prior=dcgan-faces`` may be others tomorrow. So whoever loads
one marks the module with it, and the marks are found wherever the module has gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

    from restore.registry import Component
    from restore.trained import Trained

MARK = "_restore_part"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A component that was loaded by name, or a network of others."""

    kind: Literal["model", "prior", "network"]
    name: str
    """``restore-toolkit:dcgan-faces``; of a network the name that ``restore weights`` knows it by."""
    weights: str | None = None
    """``dcgan-faces.celeba``, or the name of a file without its folder; None: it has none."""
    sha256: str | None = None
    """Of the file of the weights; of a network of others, the digest of its tensors."""


def mark(module: nn.Module, part: Part) -> None:
    """Write down what a module is."""
    module.__dict__[MARK] = part


def loaded(
    kind: Literal["model", "prior"], component: Component, trained: Trained | None, file: Path | None = None
) -> Part:
    """Return what there is to say of a component with what it was filled with, or with the file that it read itself."""
    from restore.weights import digest

    if trained is not None:
        name = trained.name if file is None else file.name
        return Part(kind=kind, name=component.qualified, weights=name, sha256=trained.sha256)
    if file is not None:
        return Part(kind=kind, name=component.qualified, weights=file.name, sha256=digest(file))
    return Part(kind=kind, name=component.qualified)


def parts_of(module: nn.Module) -> tuple[Part, ...]:
    """Return what a module has loaded into itself, in the order of its modules, each once; not what it is itself."""
    marks = (inner.__dict__.get(MARK) for inner in module.modules() if inner is not module)
    return tuple(dict.fromkeys(part for part in marks if part is not None))
