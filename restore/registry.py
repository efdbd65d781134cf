"""What the installed plugins offer, and the resolution of names.

Names are short where one plugin offers them, ``distribution:name`` where two do.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from restore import options as component_options
from restore.discovery import PluginRecord, load_all, normalized
from restore.errors import PluginError, RestoreError, UnknownNameError
from restore.plugin import KINDS, ModelSpec, PriorSpec, Spec, WeightsSpec

__all__ = ["KINDS", "Component", "PluginRecord", "Registry", "discover", "registry"]


@dataclass(frozen=True, kw_only=True)
class Component:
    """A component that can be built: its descriptor and the plugin that offers it."""

    spec: Spec
    plugin: PluginRecord

    @property
    def qualified(self) -> str:
        """``distribution:name``, unique whatever else is installed."""
        return f"{normalized(self.plugin.distribution)}:{self.spec.name}"

    @property
    def weights(self) -> tuple[WeightsSpec, ...]:
        """Its trained weights; the first is the default."""
        return self.spec.weights if isinstance(self.spec, ModelSpec | PriorSpec) else ()

    def answers_to(self, name: str) -> bool:
        """Whether the name, short or qualified, means this component."""
        distribution, _, short = name.rpartition(":")
        return short == self.spec.name and normalized(distribution) in (
            "",
            normalized(self.plugin.distribution),
        )

    def factory(self) -> component_options.Factory:
        """Import and return the factory. Raises PluginError, chained, when that fails."""
        module, _, attribute = self.spec.factory.partition(":")
        try:
            factory = getattr(importlib.import_module(module), attribute)
        except (Exception, SystemExit) as error:
            raise self._failure("cannot be imported", error) from error
        if not callable(factory):
            raise PluginError(f"factory {self.spec.factory!r} of {self.plugin.distribution} is not callable")
        made_by: component_options.Factory = factory
        return made_by

    def reads_weights(self) -> bool:
        """Whether the factory takes a weights file, its option ``weights: Path``. Raises as ``factory`` does."""
        return self._weights_option() in (Path, Path | None)

    def take_weights(self, given: dict[str, Any], beside: Any = None) -> Any:
        """Take a model's weights file out of its options, as ``restore.options.take_weights``.

        A model with an option ``weights`` that is no ``Path`` means something else by it: the option stays, and what
        was named beside it is the file only if it is a ``Path``, else the option.
        """
        try:
            keeps = self._weights_option() is not None and not self.reads_weights()
        except PluginError:
            keeps = False  # it fails when it is built
        if not keeps:
            return component_options.take_weights(given, beside)
        if beside is None or isinstance(beside, Path):
            return beside
        given["weights"] = beside
        return None

    def _weights_option(self) -> Any:
        """Return the annotation of the option ``weights``, or None where there is no such option."""
        option = component_options.signature(self.factory()).get("weights")
        return None if option is None else option.annotation

    def build(self, **given: Any) -> Any:
        """Call the factory with options, checked first.

        Raises:
            UsageError: an option that the factory does not take.
            PluginError: the factory cannot be imported or fails; chained.
        """
        factory = self.factory()
        chosen = component_options.check(self.spec.name, factory, given)
        try:
            return factory(**component_options.parameters(chosen))
        except (RestoreError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise self._failure("cannot be built", error) from error

    def _failure(self, what: str, error: BaseException) -> PluginError:
        return PluginError(
            f"{self.spec.kind} {self.spec.name!r} of {self.plugin.distribution} {what}: "
            f"{type(error).__name__}: {error}",
            f"pip install --upgrade {self.plugin.distribution}",
        )


@dataclass(frozen=True)
class Registry:
    """Everything that the installed plugins offer, and what became of each plugin."""

    plugins: tuple[PluginRecord, ...]
    components: tuple[Component, ...] = field(default=())

    def of_kind(self, kind: str) -> list[Component]:
        """Return the components of a kind, sorted by name."""
        found = (c for c in self.components if c.spec.kind == kind)
        return sorted(found, key=lambda c: (c.spec.name, c.qualified))

    def is_ambiguous(self, component: Component) -> bool:
        """Whether another component of its kind has its short name."""
        return sum(c.spec.name == component.spec.name for c in self.of_kind(component.spec.kind)) > 1

    def named(self, name: str) -> list[Component]:
        """Return the components of that name, short or qualified, of any kind. Raises as ``find`` does."""
        matches = [c for kind in KINDS for c in self.of_kind(kind) if c.answers_to(name)]
        if not matches:
            raise self._unknown(None, name)
        return matches

    def find(self, kind: str, name: str) -> Component:
        """Return the one component of that kind and name.

        Args:
            kind: one of KINDS.
            name: short, or ``distribution:name``.

        Raises:
            UnknownNameError: no plugin offers it; near names and troubled plugins are told.
            PluginError: two plugins offer it, or the plugin of that name is broken.
        """
        matches = [c for c in self.of_kind(kind) if c.answers_to(name)]
        if not matches:
            raise self._unknown(kind, name)
        if len(matches) > 1:
            raise _ambiguous(kind, name, matches)
        return matches[0]

    def at_home(self, kind: str, text: str, home: str) -> str:
        """Return a name, options and all, qualified where several plugins offer it and ``home`` is one of them.

        What a distribution wrote down by short names keeps its meaning whatever else is installed.

        Args:
            kind: one of KINDS.
            text: ``name``, ``name.tag`` or ``name:key=value``.
            home: a distribution.
        """
        name, _ = component_options.parse(text)
        base, _ = split_tag(name)
        matches = [c for c in self.of_kind(kind) if c.answers_to(base)]
        own = [c for c in matches if normalized(c.plugin.distribution) == normalized(home)]
        return f"{normalized(home)}:{text}" if len(matches) > 1 and len(own) == 1 and ":" not in name else text

    def find_weighted(self, kind: str, name: str) -> tuple[Component, WeightsSpec | None]:
        """Resolve ``model`` or ``model.tag`` to the component and its weights.

        Without a tag the first weights are meant; None when the component has none.

        Raises:
            UnknownNameError: no such component, or it has no such weights; the name is that of a file of weights.
            PluginError: as for ``find``.
            WeightsError: a file of weights that cannot be read.
        """
        if name.endswith(".safetensors"):
            from restore.trained import refuse_as_name

            refuse_as_name(kind, name)
        base, tag = split_tag(name)
        component = self.find(kind, base)
        if not tag:
            return component, component.weights[0] if component.weights else None
        for candidate in component.weights:
            if candidate.tag == tag:
                return component, candidate
        tags = [w.tag for w in component.weights]
        near = difflib.get_close_matches(tag, tags, 1)
        hint = f"did you mean {base}.{near[0]}? " if near else ""
        listed = ", ".join(f"{base}.{t}" for t in tags) or "none"
        raise UnknownNameError(f"{base!r} has no weights {tag!r}", f"{hint}its weights are: {listed}")

    def _unknown(self, kind: str | None, name: str) -> PluginError:
        """Say what is known instead; a plugin that is out of order is blamed if it was meant."""
        distribution, _, short = name.rpartition(":")
        troubled = [p for p in self.plugins if not p.usable]
        for record in troubled:
            if short == record.name or normalized(distribution or name) == normalized(record.distribution):
                blame = PluginError(f"{kind or 'component'} {name!r} is not available: {record.problem}", record.cure)
                blame.__cause__ = record.cause
                return blame
        hints = []
        elsewhere = [c for c in self.components if c.answers_to(name)]
        if elsewhere:
            other = elsewhere[0].spec.kind
            command = COMMANDS.get(other)
            hints.append(f"{name!r} is a {other}" + (f": restore {command} {name} ..." if command else ""))
        known = [c for c in self.components if kind in (None, c.spec.kind)]
        if any(c.answers_to(distribution) for c in known):
            hints.append(f"options are written {distribution}:key=value")
        names = list(dict.fromkeys(c.spec.name for c in known))
        near = difflib.get_close_matches(short, names, 3)
        if distribution:  # a long distribution would make any two qualified names look alike
            near = difflib.get_close_matches(name, [c.qualified for c in known if c.spec.name in near], 3)
        if near:
            hints.append(f"did you mean {' or '.join(near)}?")
        hints += [p.problem for p in troubled if p.status != "disabled"]
        hints.append(f"restore list {kind or ''}".rstrip() + " shows what is installed")
        return UnknownNameError(f"no {kind or 'component'} is called {name!r}", "\n  ".join(hints))


def _ambiguous(kind: str, name: str, matches: list[Component]) -> PluginError:
    qualified = sorted({c.qualified for c in matches})
    if len(qualified) > 1:
        return PluginError(
            f"{kind} {name!r} is offered by {len(qualified)} plugins: {' and '.join(qualified)}",
            f"name one of them, such as {qualified[0]}",
        )
    plugins = [c.plugin.name for c in matches]
    owner = matches[0].plugin.distribution
    return PluginError(
        f"{kind} {name!r} is offered by the plugins {' and '.join(plugins)} of {owner}",
        f"RESTORE_DISABLE_PLUGINS={plugins[-1]}",
    )


COMMANDS = {"degradation": "degrade", "model": "run", "prior": "sample", "recipe": "train", "protocol": "bench"}
"""What uses the components of a kind, on the command line."""


def split_tag(name: str) -> tuple[str, str]:
    """Split ``model.tag`` or ``distribution:model.tag`` into the component's name and the tag."""
    distribution, colon, rest = name.rpartition(":")
    base, _, tag = rest.partition(".")
    return f"{distribution}{colon}{base}", tag


@functools.lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the registry of this process, discovered on the first call.

    ``registry.cache_clear()`` forgets it. Raises as ``discover`` does.
    """
    return discover()


def discover() -> Registry:
    """Load every installed plugin, each in its own try.

    Raises:
        PluginError: one is broken and ``RESTORE_STRICT=1``.
    """
    loaded = load_all()
    return Registry(
        plugins=tuple(record for record, _ in loaded),
        components=tuple(Component(spec=spec, plugin=record) for record, specs in loaded for spec in specs),
    )
