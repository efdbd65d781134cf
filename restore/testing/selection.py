"""What a name means to the kit: all that a distribution or a plugin offers, or one component."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restore import options as component_options
from restore.discovery import normalized
from restore.errors import PluginError, UnknownNameError, UsageError
from restore.plugin import KINDS
from restore.registry import Component, PluginRecord, registry
from restore.testing.subject import Subject

Options = Mapping[str, Mapping[str, Any]]
"""Component -> options of its factory."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A subject, and what it is called among those that are checked beside it."""

    label: str
    subject: Subject


def select(name: str, options: Options | None = None) -> list[Labelled]:
    """Return what a name means.

    Args:
        name: a distribution, a plugin, or a component, which may have options as on the command line and its kind
            before its name, ``model-bicubic:scale=2``, where two kinds share that.
        options: of components by name, for those that need some.

    Raises:
        UnknownNameError: nothing is called so; near names are told.
        PluginError: a plugin of that name is broken, incompatible or disabled, or offers nothing.
        UsageError: options for a component that is not among them, or that it does not take.
    """
    records = _records(name)
    return of_plugin(name, options) if records else of_component(name, options)


def of_plugin(name: str, options: Options | None = None) -> list[Labelled]:
    """Return every component of a distribution or a plugin. Raises as ``select``."""
    records = _records(name)
    if not records:
        raise _unknown(name)
    for record in records:
        if not record.usable:
            raise PluginError(record.problem, record.cure) from record.cause
    found = registry()
    components = [c for kind in KINDS for c in found.of_kind(kind) if c.plugin in records]
    if not components:
        raise PluginError(f"{name} offers nothing to check", "its hooks return descriptors, such as ModelSpec")
    return _labelled(components, options or {}, name)


def of_component(text: str, options: Options | None = None) -> list[Labelled]:
    """Return the components of that name, which two kinds may share. Raises as ``select``."""
    name, given = component_options.parse(text)
    found = registry()
    components = [c for kind in KINDS for c in found.of_kind(kind) if _answers(c, name)]
    if not components:
        raise _unknown(name)
    return _labelled(components, {name: given} if given else (options or {}), name)


def _records(name: str) -> list[PluginRecord]:
    return [r for r in registry().plugins if name == r.name or normalized(name) == normalized(r.distribution)]


def _labelled(components: Sequence[Component], options: Options, name: str) -> list[Labelled]:
    strange = [key for key in options if not any(_answers(c, key) for c in components)]
    if strange:
        raise UsageError(
            f"{name} has no component {strange[0]!r}", did_you_mean(strange[0], [c.spec.name for c in components])
        )
    labels = [_label(component, components) for component in components]
    return [
        Labelled(label=label, subject=Subject(component=component, options=_given(component, label, options)))
        for label, component in zip(labels, components, strict=True)
    ]


def _given(component: Component, label: str, options: Options) -> dict[str, Any]:
    """Return the options for a component, converted. Raises UsageError for one that it does not take."""
    given = {key: value for name, own in options.items() if _answers(component, name) for key, value in own.items()}
    if not given or not component.spec.factory:
        return given
    try:
        factory = component.factory()
    except PluginError:  # a check will tell
        return given
    return component_options.check(label, factory, given)


def _answers(component: Component, name: str) -> bool:
    """Whether a name means a component: as everywhere, or with its kind before it."""
    distribution, colon, short = name.rpartition(":")
    bare = short.removeprefix(f"{component.spec.kind}-")
    return component.answers_to(name) or component.answers_to(f"{distribution}{colon}{bare}")


def _label(component: Component, among: Sequence[Component]) -> str:
    """Return the shortest name that no other has: ``bicubic``, ``model-bicubic``, ``distribution:model-bicubic``."""
    same = [c for c in among if c.spec.name == component.spec.name]
    if len(same) == 1:
        return component.spec.name
    label = f"{component.spec.kind}-{component.spec.name}"
    alone = sum(c.spec.kind == component.spec.kind for c in same) == 1
    return label if alone else f"{normalized(component.plugin.distribution)}:{label}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return near names, or all where none is near."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, 3)
    return f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names) or 'none'}"


def _unknown(name: str) -> UnknownNameError:
    found = registry()
    known = {word for r in found.plugins for word in (r.name, r.distribution)} | {c.spec.name for c in found.components}
    near = difflib.get_close_matches(name, sorted(known), 3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return UnknownNameError(
        f"no distribution, plugin or component is called {name!r}",
        f"{hint}restore plugin list and restore list show what is installed",
    )
