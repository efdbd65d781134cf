"""``restore weights``: list, verify, import, fetch and convert weights."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import click

from restore import published
from restore import weights as store
from restore.cli.console import emit, human_size, say, table
from restore.errors import UnknownNameError, UsageError, WeightsError
from restore.plugin import WeightsSpec
from restore.registry import Component, registry, split_tag

EXAMPLES = """
\b
Examples:
  restore weights list
  restore weights verify
  restore weights fetch lpips-alex
  restore weights import lpips-alex alexnet-owt-7be5be79.pth
  restore weights convert net.pth net.safetensors
  restore run srresnet photo.jpg -o out.png --weights net.safetensors

Weights come with the plugin that offers them, or lie in the store
($RESTORE_HOME/weights, else ~/.cache/restore/weights). Networks that others
published and a component needs (lpips-alex ...) are fetched or imported into it.
"""

State = Literal["packaged", "imported", "absent"]


@click.group(epilog=EXAMPLES)
def weights() -> None:
    """List, verify, import, fetch and convert weights."""


class _Entry(Protocol):
    """Weights as the commands see them."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path | None: ...

    @property
    def state(self) -> State: ...

    def check(self) -> str:
        """Return what is wrong with the file, or nothing."""
        ...

    def take(self, file: Path) -> Path:
        """Put a file into the store and return where it lies. Raises WeightsError for another file."""
        ...

    def told(self) -> dict[str, Any]:
        """Return what JSON says of them, besides the file's own content."""
        ...


@dataclass(frozen=True)
class _Shipped:
    """Weights that a plugin declares."""

    component: Component
    weights: WeightsSpec

    @property
    def name(self) -> str:
        return store.name_of(self.component, self.weights)

    @property
    def path(self) -> Path | None:
        try:
            return store.locate(self.component, self.weights)
        except WeightsError:
            return None

    @property
    def state(self) -> State:
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
        return store.install(file, self.component, self.weights)

    def told(self) -> dict[str, Any]:
        return {
            "kind": self.component.spec.kind,
            "distribution": self.component.plugin.distribution,
            "sha256": self.weights.sha256,
            "licence": self.weights.licence,
            "summary": self.weights.summary,
            "options": dict(self.weights.options),
        }


@dataclass(frozen=True)
class _Network:
    """A network that others published."""

    network: published.Network
    users: tuple[Component, ...]

    @property
    def name(self) -> str:
        return self.network.spec.name

    @property
    def path(self) -> Path | None:
        return self.network.path if self.state == "imported" else None

    @property
    def state(self) -> State:
        return self.network.state

    def check(self) -> str:
        return self.network.check()

    def take(self, file: Path) -> Path:
        return self.network.take(file)

    def told(self) -> dict[str, Any]:
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


def _entries() -> Iterator[_Entry]:
    found = registry()
    for component in found.components:
        for spec in component.weights:
            yield _Shipped(component, spec)
    for network, users in published.used(found).items():
        yield _Network(network, tuple(users))


@weights.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the weights that the installed models know."""
    entries = list(_entries())
    if as_json:
        emit({"store": str(store.store()), "weights": [_as_dict(entry) for entry in entries]})
    elif entries:
        click.echo("\n".join(table([_row(entry) for entry in entries], indent=0)))
    else:
        say("no installed model has weights")


def _row(entry: _Entry) -> list[str]:
    path = entry.path
    size = human_size(path.stat().st_size) if path else ""
    told = entry.told()
    return [entry.name, entry.state, size, told["licence"], told["summary"]]


def _as_dict(entry: _Entry) -> dict[str, Any]:
    path = entry.path
    known: dict[str, Any] = {
        "name": entry.name,
        "state": entry.state,
        "path": str(path) if path else None,
        "bytes": path.stat().st_size if path else None,
        **entry.told(),
    }
    if path is not None:
        try:
            header = store.header(path)
        except WeightsError as error:
            return {**known, "error": str(error)}
        dtypes = sorted({dtype for dtype, _ in header.tensors.values()})
        known |= {"parameters": header.parameters, "dtypes": dtypes, "metadata": dict(header.metadata)}
    return known


@weights.command()
@click.argument("names", nargs=-1, metavar="[MODEL.TAG]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def verify(context: click.Context, names: Sequence[str], as_json: bool) -> None:
    """Check weights against their hashes, all of them or those named; exit 4 if one fails.

    Networks that others published are not needed by all: unnamed, absent ones are no failure.
    """
    chosen = [_named(name) for name in names] or [
        entry for entry in _entries() if not (isinstance(entry, _Network) and entry.state == "absent")
    ]
    problems = [entry.check() for entry in chosen]
    if as_json:
        emit(
            {
                "weights": [
                    {"name": entry.name, "ok": not problem, "error": problem or None}
                    for entry, problem in zip(chosen, problems, strict=True)
                ]
            }
        )
    else:
        for entry, problem in zip(chosen, problems, strict=True):
            mark = click.style("bad", fg="red") if problem else click.style("ok ", fg="green")
            click.echo(f"{mark}  {entry.name}" + (f"  {problem}" if problem else ""))
    if not chosen:
        say("no installed model has weights")
    if any(problems):
        context.exit(WeightsError.exit_code)


@weights.command("import")
@click.argument("name", metavar="MODEL.TAG")
@click.argument("file", type=click.Path(path_type=Path))
def import_(name: str, file: Path) -> None:
    """Copy FILE into the store as the weights MODEL.TAG, if it has their hash.

    Of a published network (lpips-alex ...) FILE may be the publisher's, or any PyTorch checkpoint or safetensors
    file with the same tensors.
    """
    entry = _named(name)
    path = entry.take(file)
    say(f"{entry.name} lies in {path}")


@weights.command()
@click.argument("name", metavar="NAME")
def fetch(name: str) -> None:
    """Download a network that others published and a component needs, check it and put it into the store."""
    entry = _named(name)
    if not isinstance(entry, _Network):
        raise UsageError(
            f"{entry.name} comes with its plugin and is not downloaded", f"restore weights import {entry.name} FILE"
        )
    network = entry.network
    if network.state == "imported" and not network.check():
        say(f"{name} lies in {network.path} already")
        return
    if network.spec.url:
        say(f"downloading {network.spec.url}")
    say(f"{name} lies in {network.fetch()}")


@weights.command()
@click.argument("source", metavar="IN.pth", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT.safetensors", type=click.Path(path_type=Path))
@click.option("--half", is_flag=True, help="Store float16: half the size.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def convert(source: Path, target: Path, half: bool, overwrite: bool) -> None:
    """Turn a PyTorch checkpoint into a safetensors file.

    Tensors alone are read: a checkpoint that would run code is refused.
    """
    from restore.conversion import convert as turn

    if target.suffix != ".safetensors":
        raise UsageError(f"{target} does not end in .safetensors", f"write {target.with_suffix('.safetensors')}")
    if target.exists() and not overwrite:
        raise UsageError(f"{target} exists", "--overwrite replaces it")
    state = turn(source, target, half=half)
    count = sum(tensor.numel() for tensor in state.values())
    say(f"{target}: {len(state)} tensors, {count:,} numbers, sha256 {store.digest(target)}")


def _named(name: str) -> _Entry:
    """Find weights by MODEL.TAG, a component's default ones, or a network. Raises PluginError or WeightsError."""
    found = registry()
    networks = published.used(found)
    network = published.find(name)
    if network is not None:
        return _Network(network, tuple(networks[network]))
    base, _ = split_tag(name)
    near = difflib.get_close_matches(name, [network.spec.name for network in networks], 1)
    try:
        components = found.named(base)
    except UnknownNameError:
        if not near:
            raise
        raise UnknownNameError(f"no weights are called {name!r}", f"did you mean {near[0]}?") from None
    for component in components:
        if component.weights:
            weighted, spec = found.find_weighted(component.spec.kind, name)
            assert spec is not None
            return _Shipped(weighted, spec)
    raise WeightsError(f"{base!r} has no weights", "restore weights list shows what has")
