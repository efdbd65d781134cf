"""Weights between two: an option from 0 to 1 moves weights towards others of the same network.

Every number of the network is interpolated (Wang et al., ESRGAN, ECCV Workshops 2018, section 3.4). Where one of the
two was trained from the other, what lies between is a working network with properties of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore import options as component_options
from restore import weights as store
from restore.errors import PluginError, UsageError, WeightsError
from restore.options import Option
from restore.plugin import WeightsSpec
from restore.registry import Component, registry
from restore.values import convert

if TYPE_CHECKING:
    from torch import Tensor


def knobs(component: Component) -> list[Option]:
    """Return the options that weights of a component bring, beside those of its factory."""
    return [
        Option(
            name=weights.blend.option,
            type="float",
            default=0.0,
            required=False,
            description=(
                f"{weights.blend.summary}; from 0, {store.name_of(component, weights)}, to 1, {weights.blend.towards}"
            ).removeprefix("; "),
        )
        for weights in component.weights
        if weights.blend is not None
    ]


def take_share(weights: WeightsSpec, options: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    """Take the option that moves these weights out of a model's options.

    Returns:
        How far to go, from 0 to 1, 0 where it is not given; and the options without it.

    Raises:
        UsageError: a share that is no number from 0 to 1.
    """
    left = dict(options)
    if weights.blend is None or weights.blend.option not in left:
        return 0.0, left
    given = left.pop(weights.blend.option)
    try:
        share = float(convert(given, float))
    except ValueError as error:
        raise UsageError(f"option {weights.blend.option} {error}") from None
    if not 0 <= share <= 1:
        raise UsageError(f"{weights.blend.option} goes from 0 to 1, and cannot be {given}")
    return share, left


def refuse_beside(file: Path, component: Component, options: Mapping[str, Any]) -> None:
    """Raise UsageError for options that would move weights which a file of the user's own replaces."""
    for knob in knobs(component):
        if knob.name in options:
            raise UsageError(
                f"{knob.name} moves the weights that come with {component.spec.name}, and {file.name} holds others",
                "leave one of them out",
            )


def other_end(component: Component, weights: WeightsSpec) -> tuple[Component, WeightsSpec]:
    """Return the weights that these can be moved towards, and the model that they belong to.

    A short name means a model of the same distribution where several offer it.

    Raises:
        UnknownNameError: no plugin offers them.
        PluginError: they belong to another network, or to none.
    """
    assert weights.blend is not None
    found = registry()
    name = found.at_home("model", weights.blend.towards, component.plugin.distribution)
    owner, other = found.find_weighted("model", name)
    if other is None or _network(owner, other) != _network(component, weights):
        raise PluginError(
            f"{store.name_of(component, weights)} cannot be moved towards {weights.blend.towards}: "
            "they are no weights of one network",
            f"pip install --upgrade {component.plugin.distribution}",
        )
    return owner, other


def read(component: Component, weights: WeightsSpec, share: float) -> tuple[str, dict[str, Tensor]]:
    """Read weights, moved by ``share`` towards their other end.

    Returns:
        What to call them, and the state: at 0 and 1 the very numbers of the two, between them linear.

    Raises:
        WeightsError: either are missing, damaged or of other shapes.
        UnknownNameError, PluginError: as for ``other_end``.
    """
    name = store.name_of(component, weights)
    state, _ = store.read(store.locate(component, weights), weights.sha256)
    if not share:
        return name, state
    assert weights.blend is not None
    owner, spec = other_end(component, weights)
    towards = store.name_of(owner, spec)
    other, _ = store.read(store.locate(owner, spec), spec.sha256)
    if {key: value.shape for key, value in state.items()} != {key: value.shape for key, value in other.items()}:
        raise WeightsError(f"{name} and {towards} have other tensors, and nothing lies between them")
    moved = {key: value.lerp(other[key], share) if value.is_floating_point() else value for key, value in state.items()}
    return f"{name}, {weights.blend.option}={share:g} towards {towards}", moved


def _network(component: Component, weights: WeightsSpec) -> tuple[str, dict[str, Any]]:
    """Return what decides the network: its factory, and every option with its value."""
    factory = component.factory()
    defaults = {name: parameter.default for name, parameter in component_options.signature(factory).items()}
    return component.spec.factory, {
        **defaults,
        **component_options.check(component.spec.name, factory, weights.options),
    }
