"""Options behind a name, checked one by one where nothing is built of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restore.blending import take_share
from restore.options import converted
from restore.plugin import ModelSpec, PriorSpec
from restore.registry import Component


def checked(component: Component, given: Mapping[str, str]) -> dict[str, Any]:
    """Return options as values, those that move weights and a file of weights among them; none needs to be there.

    Raises:
        UsageError: an option that the component does not take, or a value that is none of its.
        PluginError: its factory cannot be imported.
    """
    found: dict[str, Any] = {}
    for weights in component.weights:
        share, others = take_share(weights, given)
        found |= dict.fromkeys(given.keys() - others.keys(), share)
    left = {name: value for name, value in given.items() if name not in found}
    if isinstance(component.spec, ModelSpec | PriorSpec):
        file = component.take_weights(left)
        found |= {} if file is None else {"weights": file}
    return found | converted(component.spec.name, component.factory(), left)
