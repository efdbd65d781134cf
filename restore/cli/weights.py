"""``restore weights``: list, verify, import, fetch and convert weights."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from restore import published
from restore import weights as store
from restore.cli.console import emit, say, table
from restore.cli.entries import Entry, Network, Shipped, as_dict, entries, row
from restore.errors import UnknownNameError, UsageError, WeightsError
from restore.registry import registry, split_tag

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


@click.group(epilog=EXAMPLES)
def weights() -> None:
    """List, verify, import, fetch and convert weights."""


@weights.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the weights that the installed models know."""
    known = list(entries())
    if as_json:
        emit({"store": str(store.store()), "weights": [_as_dict(entry) for entry in known]})
    elif known:
        click.echo("\n".join(table([row(entry) for entry in known], indent=0)))
    else:
        say("no installed model has weights")


def _as_dict(entry: Entry) -> dict[str, Any]:
    path, known = entry.path, as_dict(entry)
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
        entry for entry in entries() if not (isinstance(entry, Network) and entry.state == "absent")
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
    if not isinstance(entry, Network):
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


def _named(name: str) -> Entry:
    """Find weights by MODEL.TAG, a component's default ones, or a network. Raises PluginError or WeightsError."""
    found = registry()
    networks = published.used(found)
    network = published.find(name)
    if network is not None:
        return Network(network, tuple(networks[network]))
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
            return Shipped(weighted, spec)
    raise WeightsError(f"{base!r} has no weights", "restore weights list shows what has")
