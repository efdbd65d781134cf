"""Weights as commands show them: those that plugins ship, and networks of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from restore import published
from restore import weights as store
from restore.cli.console import human_size
from restore.errors import WeightsError
from restore.plugin import RecipeSpec, WeightsSpec
from restore.registry import Component, registry

State = Literal["packaged", "imported", "absent"]


class Entry(Protocol):
    """Weights as the commands see them."""

    @property
    def name(self) -> str:
        """What ``restore weights`` calls them."""
        ...

    @property
    def path(self) -> Path | None:
        """Where they lie; None: nowhere here."""
        ...

    @property
    def state(self) -> State:
        """``packaged`` with a plugin, ``imported`` into the store, or ``absent``."""
        ...

    def check(self) -> str:
        """Return what is wrong with the file, or nothing."""
        ...

    def take(self, file: Path) -> Path:
        """Put a file into the store and return where it lies. Raises WeightsError for another file."""
        ...

    def told(self) -> dict[str, Any]:
        """Return what JSON says of them, besides the file's own content."""
        ...

    @property
    def known_by(self) -> tuple[str, str]:
        """What tells them from others: ``sha256`` of their file, or ``digest`` of their tensors; and its digits."""
        ...

    @property
    def cure(self) -> str:
        """What brings them here."""
        ...


@dataclass(frozen=True)
class Shipped:
    """Weights that a plugin declares."""

    component: Component
    weights: WeightsSpec

    @property
    def name(self) -> str:
        """Return ``model.tag``, or the name of the network."""
        return store.name_of(self.component, self.weights)

    @property
    def path(self) -> Path | None:
        """Return where they lie, or None."""
        try:
            return store.locate(self.component, self.weights)
        except WeightsError:
            return None

    @property
    def state(self) -> State:
        """Return where they are from."""
        if self.path is None:
            return "absent"
        return "imported" if self.path == store.stored(self.component, self.weights) else "packaged"

    def check(self) -> str:
        """Return what is wrong with the file, or nothing."""
        try:
            path = store.locate(self.component, self.weights)
            store.verify(path, self.weights.sha256)
            store.header(path)
        except WeightsError as error:
            return str(error)
        return ""

    def take(self, file: Path) -> Path:
        """Put a file into the store. Raises WeightsError for another file."""
        return store.install(file, self.component, self.weights)

    def told(self) -> dict[str, Any]:
        """Return what the descriptor says."""
        return {
            "kind": self.component.spec.kind,
            "distribution": self.component.plugin.distribution,
            "sha256": self.weights.sha256,
            "licence": self.weights.licence,
            "summary": self.weights.summary,
            "options": dict(self.weights.options),
        }

    @property
    def known_by(self) -> tuple[str, str]:
        """Return the kind of hash that is known of them, and the hash."""
        return "sha256", self.weights.sha256

    @property
    def cure(self) -> str:
        """Return what brings them here."""
        return f"restore weights import {self.name} FILE, or reinstall {self.component.plugin.distribution}"


@dataclass(frozen=True)
class Network:
    """A network that others published."""

    network: published.Network
    users: tuple[Component, ...]

    @property
    def name(self) -> str:
        """Return ``model.tag``, or the name of the network."""
        return self.network.spec.name

    @property
    def path(self) -> Path | None:
        """Return where they lie, or None."""
        return self.network.path if self.state == "imported" else None

    @property
    def state(self) -> State:
        """Return where they are from."""
        return self.network.state

    def check(self) -> str:
        """Return what is wrong with the file, or nothing."""
        return self.network.check()

    def take(self, file: Path) -> Path:
        """Put a file into the store. Raises WeightsError for another file."""
        return self.network.take(file)

    def told(self) -> dict[str, Any]:
        """Return what the descriptor says."""
        spec = self.network.spec
        return {
            "kind": "network",
            "distribution": None,
            "used_by": [component.qualified for component in self.users],
            "sha256": spec.sha256,
            "licence": spec.licence,
            "summary": spec.summary,
            "options": {},
            "digest": spec.digest,
            "url": spec.url,
        }

    @property
    def known_by(self) -> tuple[str, str]:
        """Return the kind of hash that is known of them, and the hash."""
        try:
            held = self.network.held
        except WeightsError:
            held = None
        digest = held or self.network.spec.digest
        return ("digest", digest) if digest else ("sha256", self.network.spec.sha256)

    @property
    def cure(self) -> str:
        """Return what brings them here."""
        command = "fetch {0}" if self.network.spec.url else "import {0} FILE"
        return f"restore weights {command.format(self.name)}"


def entries() -> Iterator[Entry]:
    """Yield all that installed components know, networks last."""
    found = registry()
    for component in found.components:
        for spec in component.weights:
            yield Shipped(component, spec)
    for network, users in published.used(found).items():
        yield Network(network, tuple(users))


def entries_of(component: Component) -> list[Entry]:
    """Return the weights of a component, then the networks that it sees with."""
    own: list[Entry] = [Shipped(component, spec) for spec in component.weights]
    return [*own, *(Network(published.Network(spec), (component,)) for spec in component.spec.networks)]


def trained_by(component: Component) -> list[str]:
    """Return the recipes that train a model or prior; where a prior and a model share a name, they train the prior."""
    found, name = registry(), component.spec.name
    if component.spec.kind not in ("model", "prior"):
        return []
    if component.spec.kind == "model" and any(prior.spec.name == name for prior in found.of_kind("prior")):
        return []
    return [c.spec.name for c in found.of_kind("recipe") if isinstance(c.spec, RecipeSpec) and c.spec.model == name]


def lacks_weights(component: Component) -> bool:
    """Whether a component that is trained has no weights here."""
    known = [Shipped(component, spec) for spec in component.weights]
    return all(entry.state == "absent" for entry in known) if known else bool(trained_by(component))


def row(entry: Entry) -> list[str]:
    """Return a line of a table: name, state, size, licence, summary."""
    path = entry.path
    size = human_size(path.stat().st_size) if path else ""
    told = entry.told()
    return [entry.name, entry.state, size, told["licence"], told["summary"]]


def as_dict(entry: Entry) -> dict[str, Any]:
    """Return what JSON says of them without looking into the file."""
    path = entry.path
    return {
        "name": entry.name,
        "state": entry.state,
        "path": str(path) if path else None,
        "bytes": path.stat().st_size if path else None,
        **entry.told(),
    }
