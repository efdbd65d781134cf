"""The weights that fill a component: those that come with it, or a file, and the options that they are for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from restore import blending
from restore import options as component_options
from restore import weights as store
from restore.errors import UnknownNameError, UsageError, WeightsError
from restore.plugin import WeightsSpec
from restore.registry import Component, registry

if TYPE_CHECKING:
    from torch import Tensor

USE = {
    "model": "restore run {0} --weights FILE; in Python, restore.load({0!r}, weights=FILE)",
    "prior": "restore sample {0} --weights FILE; in a model that searches a prior, --set prior={0} --weights FILE; in "
    "Python, restore.load_prior({0!r}, weights=FILE)",
}
"""What takes weights of a component, by its kind."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Weights, and the options of their network, those of the user among them."""

    name: str
    """``srresnet.psnr-x4``, or the path of a file."""
    sha256: str
    """Of the file; where the weights are moved towards others, of the file that they begin at."""
    options: dict[str, Any]
    state: Mapping[str, Tensor]


def from_file(path: Path, component: Component, given: Mapping[str, Any]) -> Trained:
    """Read a file of the user's own, which says what it is for. Raises WeightsError, UsageError."""
    blending.refuse_beside(path, component, given)
    state, metadata = store.read(path)
    made_for = metadata.get("model", component.spec.name)
    if made_for != component.spec.name:
        raise UsageError(
            f"{path} holds weights of {made_for}, not of {component.spec.name}",
            USE[_kind_of(made_for) or component.spec.kind].format(made_for),
        )
    try:
        options = json.loads(metadata.get("options", "{}"))
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise WeightsError(f"{path} tells its options in a way that is no JSON object", "export it again")
    agreed = _agreed(component, str(path), options, given)
    return Trained(name=str(path), sha256=store.digest(path), options=agreed, state=state)


def refuse_as_name(kind: str, name: str) -> NoReturn:
    """Raise UnknownNameError for a file of weights in place of a name, WeightsError for one that is damaged."""
    path = Path(name).expanduser()
    made_for = store.header(path).metadata.get("model", "NAME") if path.is_file() else "NAME"
    raise UnknownNameError(
        f"{name!r} is a file of weights, and the name of a {kind} is asked for",
        USE[_kind_of(made_for) or kind].format(made_for),
    )


def _kind_of(name: str) -> str | None:
    """Return what weights for a name fill: a prior where a model has the name too; None: nothing that is installed."""
    found = registry()
    kinds = [kind for kind in ("prior", "model") if any(c.spec.name == name for c in found.of_kind(kind))]
    return kinds[0] if kinds else None


def installed(component: Component, candidates: Sequence[WeightsSpec], given: Mapping[str, Any]) -> Trained | None:
    """Read the first weights that the given options allow; None if there are none at all.

    Raises:
        UsageError: all of them contradict the options.
        WeightsError, UnknownNameError, PluginError: they, or those that an option moves them towards, are not at hand.
    """
    refusals = []
    for candidate in candidates:
        try:
            share, others = blending.take_share(candidate, given)
            options = _agreed(component, store.name_of(component, candidate), candidate.options, others)
        except UsageError as error:
            refusals.append(error)
            continue
        name, state = blending.read(component, candidate, share)
        return Trained(name=name, sha256=candidate.sha256, options=options, state=state)
    if refusals:
        raise refusals[0]
    return None


def _agreed(component: Component, name: str, trained: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that weights were trained with and the given ones. Raises UsageError."""
    factory = component.factory()
    chosen = component_options.check(component.spec.name, factory, {**trained, **given})
    wanted = component_options.check(component.spec.name, factory, {**given, **trained})
    for key in trained:
        if chosen[key] != wanted[key]:
            raise UsageError(
                f"{name} was trained with {key}={wanted[key]} and cannot do {key}={chosen[key]}",
                f"leave {key} out, or name other weights: restore weights list, --weights FILE",
            )
    return chosen
