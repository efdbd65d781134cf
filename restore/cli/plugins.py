"""``restore plugin``: what became of the installed plugins."""

from __future__ import annotations

import dataclasses

import click

from restore.cli.console import emit, table
from restore.cli.listing import record_as_dict, tell_problems
from restore.provenance import provenance
from restore.registry import PluginRecord, registry

HEADS = ["status", "plugin", "distribution", "load", "offers", "origin"]


@click.group()
def plugin() -> None:
    """Look after plugins."""


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the installed plugins: status, version, load time, origin."""
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
    offered = sum(c.plugin == record for c in registry().components)
    return [
        record.status,
        record.name,
        f"{record.distribution} {record.version}",
        f"{record.load_ms:.1f} ms",
        str(offered),
        str(provenance(record.distribution)),
    ]
