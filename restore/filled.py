"""A component that is built and filled: by name, with its options and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from restore import weights as store
from restore.errors import PluginError, UsageError, WeightsError
from restore.parts import loaded, mark
from restore.registry import Component, registry, split_tag
from restore.trained import Trained, from_file, installed

if TYPE_CHECKING:
    from restore.contracts import Model, Prior

Made = TypeVar("Made", bound="Model | Prior")


@dataclass(frozen=True, kw_only=True)
class Filled(Generic[Made]):
    """A module and where it comes from."""

    module: Made
    component: Component
    weights: str | None
    """What fills it: ``srresnet.psnr-x4``, or the path of a file; None: nothing."""


def filled(
    kind: Literal["model", "prior"], name: str, wanted: type[Made], given: Mapping[str, Any], file: Path | None
) -> Filled[Made]:
    """Build a component, fill it with its weights or a file, and mark it with what it is.

    Args:
        kind: of the component.
        name: ``name``, ``name.tag`` or ``distribution:name``, without options.
        wanted: the class that its factory must make.
        given: options, ``weights`` among them only where the component has an option of its own by that name.
        file: weights in place of those that it comes with.

    Raises:
        UnknownNameError: no plugin offers it, or it has no such weights.
        PluginError: the plugin is broken, or makes something else.
        UsageError: an option that makes no sense or that the weights contradict; a tag and a file.
        WeightsError: weights that are missing, damaged, or made for another network; a network that has none.
    """
    component, named = registry().find_weighted(kind, name)
    tag = split_tag(name)[1]
    trained: Trained | None = None
    chosen = dict(given)
    if file is None:
        trained = installed(component, (named,) if tag and named else component.weights, given)
    elif tag:
        raise UsageError(f"{name} names weights, and {file} holds others", "leave one of them out")
    elif component.reads_weights():
        chosen["weights"] = file
    else:
        trained = from_file(file, component, given)
    module = component.build(**(chosen if trained is None else trained.options))
    if not isinstance(module, wanted):
        raise PluginError(
            f"{component.spec.factory} made a {type(module).__name__}, which is no restore.contracts.{wanted.__name__}",
            f"pip install --upgrade {component.plugin.distribution}",
        )
    if trained is not None:
        store.fill(module, trained.state, trained.name)
    elif module.state_dict() and not module.trained:
        raise WeightsError(
            f"{component.spec.name} is a network, and it has no weights",
            "give some of your own, --weights FILE (weights= in Python); restore list recipes shows what trains them",
        )
    mark(module, loaded(kind, component, trained, file))
    source = trained.name if trained is not None else None if file is None else str(file)
    return Filled(module=module, component=component, weights=source)
