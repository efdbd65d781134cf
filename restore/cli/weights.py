"""``restore weights``: list, verify, import and convert weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from restore import weights as store
from restore.cli.console import emit, human_size, say, table
from restore.errors import UsageError, WeightsError
from restore.plugin import WeightsSpec
from restore.registry import Component, registry, split_tag

EXAMPLES = """
\b
Examples:
  restore weights list
  restore weights verify
  restore weights convert net.pth net.safetensors
  restore run srresnet photo.jpg -o out.png --weights net.safetensors

Weights come with the plugin that offers them, or lie in the store
($RESTORE_HOME/weights, else ~/.cache/restore/weights).
"""

State = Literal["packaged", "imported", "absent"]


@click.group(epilog=EXAMPLES)
def weights() -> None:
    """List, verify, import and convert weights."""


@dataclass(frozen=True)
class _Entry:
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


def _entries() -> Iterator[_Entry]:
    for component in registry().components:
        for spec in component.weights:
            yield _Entry(component, spec)


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
    return [entry.name, entry.state, size, entry.weights.licence, entry.weights.summary]


def _as_dict(entry: _Entry) -> dict[str, Any]:
    path = entry.path
    known: dict[str, Any] = {
        "name": entry.name,
        "kind": entry.component.spec.kind,
        "distribution": entry.component.plugin.distribution,
        "state": entry.state,
        "path": str(path) if path else None,
        "bytes": path.stat().st_size if path else None,
        "sha256": entry.weights.sha256,
        "licence": entry.weights.licence,
        "summary": entry.weights.summary,
        "options": dict(entry.weights.options),
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
    """Check weights against their hashes, all of them or those named; exit 4 if one fails."""
    chosen = [_named(name) for name in names] or list(_entries())
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
    """Copy FILE into the store as the weights MODEL.TAG, if it has their hash."""
    entry = _named(name)
    path = store.install(file, entry.component, entry.weights)
    say(f"{entry.name} lies in {path}")


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
    """Find weights by MODEL.TAG, or a component's default ones. Raises PluginError or WeightsError."""
    found = registry()
    base, _ = split_tag(name)
    for component in found.named(base):
        if component.weights:
            weighted, spec = found.find_weighted(component.spec.kind, name)
            assert spec is not None
            return _Entry(weighted, spec)
    raise WeightsError(f"{base!r} has no weights", "restore weights list shows what has")
