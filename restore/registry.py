"""Discovery of plugins, quarantine of the broken ones, and resolution of names.

One ``entry_points()`` call; each entry point is loaded, called and validated in its own try, so that a broken
plugin costs only itself. Names are short where one plugin offers them, ``distribution:name`` where two do.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any, Literal

import pluggy

from restore import options as component_options
from restore.errors import PluginError, UnknownNameError
from restore.plugin import HOOKS, KINDS, Hooks, ModelSpec, PriorSpec, Spec, WeightsSpec

PREFIX = "restore.v"
GROUP = "restore.v1"
DISTRIBUTION = "restore-toolkit"
HEAVY = ("torch", "torchvision", "kornia", "cv2", "skimage", "lpips")

Status = Literal["ok", "broken", "incompatible", "disabled", "slow"]


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """What became of one entry point at discovery."""

    name: str
    distribution: str
    version: str
    module: str
    status: Status
    error: str = ""
    """One line: what is wrong."""
    detail: str = ""
    """The traceback, where there is one."""
    load_ms: float = 0.0
    heavy_imports: tuple[str, ...] = ()
    """Heavy libraries that its registration dragged in, against the rules."""

    @property
    def cure(self) -> str:
        """What a user can do about its status."""
        if self.status == "broken":
            return f"pip install --upgrade {self.distribution}, or pip uninstall {self.distribution}; RESTORE_STRICT=1 shows the traceback"
        if self.status == "incompatible":
            return f"pip install --upgrade {self.distribution} {DISTRIBUTION}"
        if self.status == "disabled":
            return "see RESTORE_PLUGINS, RESTORE_DISABLE_PLUGINS and --no-plugins"
        if self.status == "slow":
            return f"tell the authors of {self.distribution}: import {', '.join(self.heavy_imports)} in the factory, not at registration"
        return ""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component that can be built: its descriptor and the plugin that offers it."""

    spec: Spec
    plugin: PluginRecord

    @property
    def qualified(self) -> str:
        """``distribution:name``, unique whatever is installed."""
        return f"{self.plugin.distribution}:{self.spec.name}"

    def factory(self) -> component_options.Factory:
        """Import and return the factory. Raises PluginError, chained, when that fails."""
        module, _, attribute = self.spec.factory.partition(":")
        try:
            factory = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise PluginError(
                f"{self.spec.kind} {self.spec.name!r} of {self.plugin.distribution} cannot be imported: "
                f"{type(error).__name__}: {error}",
                f"pip install --upgrade {self.plugin.distribution}",
            ) from error
        if not callable(factory):
            raise PluginError(f"factory {self.spec.factory!r} of {self.plugin.distribution} is not callable")
        return factory  # type: ignore[no-any-return]

    def build(self, **given: Any) -> Any:
        """Call the factory with options, checked first. Raises UsageError or PluginError."""
        factory = self.factory()
        return factory(**component_options.check(self.spec.name, factory, given))


@dataclass(frozen=True)
class Registry:
    """Everything that the installed plugins offer, and what became of each plugin."""

    plugins: tuple[PluginRecord, ...]
    components: tuple[Component, ...] = field(default=())

    def of_kind(self, kind: str) -> list[Component]:
        """Return the components of a kind, sorted by name."""
        found = (c for c in self.components if c.spec.kind == kind)
        return sorted(found, key=lambda c: (c.spec.name, c.plugin.distribution))

    def find(self, kind: str, name: str) -> Component:
        """Return the one component of that kind and name.

        Args:
            kind: one of KINDS.
            name: short, or ``distribution:name``.

        Raises:
            UnknownNameError: no plugin offers it; near names and broken plugins are told.
            PluginError: two plugins offer it.
        """
        known = self.of_kind(kind)
        matches = [c for c in known if name in (c.spec.name, c.qualified)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            both = " and ".join(c.qualified for c in matches)
            raise PluginError(f"{kind} {name!r} is offered by {both}", f"name one of them: {matches[0].qualified}")
        raise UnknownNameError(*self._unknown(kind, name, known))

    def find_weighted(self, kind: str, name: str) -> tuple[Component, WeightsSpec | None]:
        """Resolve ``model`` or ``model.tag`` to the component and its weights.

        Without a tag the first weights are meant; None when the component has none.
        """
        base, _, tag = name.partition(".") if ":" not in name else _split_tag(name)
        component = self.find(kind, base)
        spec = component.spec
        weights = spec.weights if isinstance(spec, ModelSpec | PriorSpec) else ()
        if not tag:
            return component, weights[0] if weights else None
        for candidate in weights:
            if candidate.tag == tag:
                return component, candidate
        tags = [w.tag for w in weights]
        near = difflib.get_close_matches(tag, tags, 1)
        hint = f"did you mean {base}.{near[0]}? " if near else ""
        listed = ", ".join(f"{base}.{t}" for t in tags) or "none"
        raise UnknownNameError(f"{base!r} has no weights {tag!r}", f"{hint}its weights are: {listed}")

    def _unknown(self, kind: str, name: str, known: list[Component]) -> tuple[str, str]:
        message = f"no {kind} is called {name!r}"
        elsewhere = [c for c in self.components if c.spec.name == name]
        if elsewhere:
            return message, f"{name!r} is a {elsewhere[0].spec.kind}"
        hints = []
        near = difflib.get_close_matches(name, [c.spec.name for c in known], 3)
        if near:
            hints.append(f"did you mean {' or '.join(near)}?")
        broken = [p for p in self.plugins if p.status in ("broken", "incompatible", "disabled")]
        hints += [
            f"plugin {p.name} of {p.distribution} is {p.status}: {p.error}" if p.error else f"plugin {p.name} of {p.distribution} is {p.status}"
            for p in broken
        ]
        return message, "\n  ".join([*hints, f"restore list {kind}s shows what is installed"])


def _split_tag(name: str) -> tuple[str, str, str]:
    distribution, _, rest = name.rpartition(":")
    base, dot, tag = rest.partition(".")
    return f"{distribution}:{base}", dot, tag


@functools.lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the registry of this process, discovered on the first call. ``registry.cache_clear()`` forgets it."""
    return discover()


def discover() -> Registry:
    """Load every installed plugin, each in its own try."""
    records: list[PluginRecord] = []
    components: list[Component] = []
    for point in _entry_points():
        record, specs = _load(point)
        records.append(record)
        components += (Component(spec=spec, plugin=record) for spec in specs)
    return Registry(tuple(records), tuple(components))


def _entry_points() -> list[EntryPoint]:
    points = entry_points()
    found = [p for group in points.groups if group.startswith(PREFIX) for p in points.select(group=group)]
    unique = {(_distribution(p).lower(), p.group, p.name, p.value): p for p in found}
    return [unique[key] for key in sorted(unique)]


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "unknown"


def _load(point: EntryPoint) -> tuple[PluginRecord, list[Spec]]:
    identity = {
        "name": point.name,
        "distribution": _distribution(point),
        "version": point.dist.version if point.dist is not None else "",
        "module": point.value,
    }
    if _disabled(point):
        return PluginRecord(**identity, status="disabled"), []
    conflict = _conflict(point)
    if conflict:
        return PluginRecord(**identity, status="incompatible", error=conflict), []
    before = set(sys.modules)
    start = time.perf_counter()
    try:
        specs = list(_specs(point))
    except Exception as error:
        if os.environ.get("RESTORE_STRICT") == "1":
            raise
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        return PluginRecord(**identity, status="broken", error=text, detail=traceback.format_exc()), []
    load_ms = (time.perf_counter() - start) * 1e3
    heavy = tuple(m for m in HEAVY if m in sys.modules and m not in before)
    status: Status = "slow" if heavy else "ok"
    error = f"imports {', '.join(heavy)} at registration ({load_ms:.0f} ms)" if heavy else ""
    record = PluginRecord(**identity, status=status, error=error, load_ms=load_ms, heavy_imports=heavy)
    return record, specs


def _disabled(point: EntryPoint) -> bool:
    names = {point.name, _distribution(point)}
    allowed = os.environ.get("RESTORE_PLUGINS")
    if allowed is not None and not names & _words(allowed):
        return True
    return bool(names & _words(os.environ.get("RESTORE_DISABLE_PLUGINS", "")))


def _words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",") if word.strip()}


def _conflict(point: EntryPoint) -> str:
    """Say why this version of the toolkit does not suit the plugin, without importing it."""
    if point.group != GROUP:
        return f"is made for the plugin interface {point.group}; this toolkit speaks {GROUP}"
    lines = (point.dist.requires or []) if point.dist is not None else []
    wanted = [line for line in lines if line.lower().replace("_", "-").startswith(DISTRIBUTION)]
    if not wanted or _distribution(point) == DISTRIBUTION:
        return ""
    from packaging.requirements import Requirement

    version = Distribution.from_name(DISTRIBUTION).version
    for line in wanted:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            return f"needs {DISTRIBUTION} {requirement.specifier}; {version} is installed"
    return ""


def _specs(point: EntryPoint) -> Iterator[Spec]:
    """Load one plugin and yield its descriptors, validated. Whatever it does wrong is raised here."""
    plugin = point.load()
    if isinstance(plugin, type):
        raise TypeError(f"the entry point names a class, {plugin.__qualname__}; name a module or an instance")
    manager = pluggy.PluginManager("restore")
    manager.add_hookspecs(Hooks)
    manager.register(plugin, name=f"{_distribution(point)}:{point.name}")
    for caller in manager.get_hookcallers(plugin) or []:
        if caller.name not in HOOKS:
            near = difflib.get_close_matches(caller.name, HOOKS, 1)
            raise AttributeError(f"no hook is called {caller.name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        for implementation in caller.get_hookimpls():
            yield from _validated(caller.name, implementation.function())


def _validated(hook: str, result: Any) -> Iterator[Spec]:
    wanted = HOOKS[hook]
    if isinstance(result, Spec) or not isinstance(result, Iterable):
        raise TypeError(f"{hook} must return a list of {wanted.__name__}, not {type(result).__name__}")
    seen: set[str] = set()
    for spec in result:
        if not isinstance(spec, wanted):
            raise TypeError(f"{hook} must return {wanted.__name__} objects, not {spec!r} ({type(spec).__name__})")
        if spec.name in seen:
            raise ValueError(f"{hook} offers {spec.name!r} twice")
        seen.add(spec.name)
        yield spec


__all__ = ["KINDS", "Component", "PluginRecord", "Registry", "discover", "registry"]
