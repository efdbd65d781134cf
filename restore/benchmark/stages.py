"""What a degradation is made of, for the result: each stage with its origin and every option, defaults included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from restore import options as component_options
from restore.benchmark import source
from restore.composition import stages
from restore.registry import registry
from restore.values import as_json


def record(degradation: str) -> list[dict[str, Any]]:
    """Return ``{"name", "distribution", "version", "options"}`` of each stage, as JSON has them.

    ``source`` is among it where ``source.told`` has one.

    A default is as much a part of what was measured as an option that was written, and another version of a
    plugin may have another.

    Args:
        degradation: ``bicubic:scale=4|jpeg:quality=60``.

    Raises:
        UsageError: an empty part, an unknown or ill-typed option.
        UnknownNameError: a name that no plugin offers.
        PluginError: a degradation whose factory cannot be imported.
    """
    return [_stage(name, given) for name, given in stages(degradation)]


def _stage(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    component = registry().find("degradation", name)
    factory = component.factory()
    chosen = component_options.check(component.spec.name, factory, given)
    options = component_options.signature(factory)
    return {
        "name": component.spec.name,
        "distribution": component.plugin.distribution,
        "version": component.plugin.version,
        **source.told(component),
        "options": {key: as_json(chosen.get(key, option.default)) for key, option in options.items()},
    }
