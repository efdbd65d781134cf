"""What is installed, for those who use the toolkit as a library."""

from __future__ import annotations

from restore.discovery import PluginRecord
from restore.plugin import ModelSpec
from restore.registry import registry


def plugins() -> tuple[PluginRecord, ...]:
    """Return what became of each installed plugin, the broken ones included."""
    return registry().plugins


def models(task: str | None = None) -> list[ModelSpec]:
    """Return the models, sorted by name.

    Args:
        task: only those that undo this, such as ``"super-resolution"``.
    """
    specs = (component.spec for component in registry().of_kind("model"))
    return [spec for spec in specs if isinstance(spec, ModelSpec) and task in (None, spec.task)]
