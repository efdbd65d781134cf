"""``restore plugin``: what became of the installed plugins, and what else there is to do with plugins."""

from __future__ import annotations

import dataclasses
from collections import Counter

import click

from restore.cli.console import emit, table
from restore.cli.group import LazyGroup
from restore.cli.listing import PLURALS, record_as_dict, tell_problems
from restore.provenance import provenance
from restore.registry import PluginRecord, registry

COMMANDS = {
    "list": ("restore.cli.plugins:list_", "List the installed plugins: status, version, origin."),
    "check": ("restore.cli.plugin_check:check", "Check a plugin against its contracts."),
    "new": ("restore.cli.plugin_new:new", "Write a plugin that works, to start from."),
}
HEADS = ["status", "plugin", "distribution", "load", "offers", "origin"]


@click.group(cls=LazyGroup, lazy=COMMANDS)
def plugin() -> None:
    """Look after plugins."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the installed plugins: status, version, load time, what they offer, origin.

    The origin is what the installer wrote down: an index, a repository, a
    folder. A plugin that cannot be used is told on standard error, with a cure.
    """
    found = registry()
    if as_json:
        emit({"plugins": [_as_dict(record) for record in found.plugins]})
    elif found.plugins:
        click.echo("\n".join(table([HEADS, *map(_row, found.plugins)], indent=0, whole=True)))
    tell_problems(found.plugins)


def _as_dict(record: PluginRecord) -> dict[str, object]:
    offered = [c for c in registry().components if c.plugin == record]
    return {
        **record_as_dict(record),
        "components": [f"{c.spec.kind}:{c.spec.name}" for c in offered],
        "provenance": dataclasses.asdict(provenance(record.distribution)),
    }


def _row(record: PluginRecord) -> list[str]:
    return [
        record.status,
        record.name,
        f"{record.distribution} {record.version}",
        f"{record.load_ms:.1f} ms",
        _offers(record),
        str(provenance(record.distribution)),
    ]


def _offers(record: PluginRecord) -> str:
    """Return how many components of each kind: ``5 metrics, 17 protocols``."""
    kinds = Counter(c.spec.kind for c in registry().components if c.plugin == record)
    named = (f"{kinds[kind]} {kind if kinds[kind] == 1 else plural}" for kind, plural in PLURALS.items() if kinds[kind])
    return ", ".join(named)
