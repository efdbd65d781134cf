"""What ``restore info`` tells of a protocol: its formulae and every field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.cli.console import emit

if TYPE_CHECKING:
    from restore.benchmark import Protocol


def tell(path: Path, as_json: bool) -> None:
    """Print the page of a protocol that lies in a file. Raises UsageError for a file that is none."""
    from restore.benchmark import protocols

    protocol = protocols.read(path)
    if as_json:
        emit({"protocol": as_dict(protocol)})
        return
    click.echo(click.style(protocol.id, bold=True) + f"  protocol of {path}\n")
    click.echo("\n".join(lines(protocol)))


def lines(protocol: Protocol) -> Iterator[str]:
    """Yield the formulae, then the fields and the hash, line by line."""
    yield click.style("formulae", bold=True)
    yield from (f"  {line}" for line in protocol.describe().splitlines()[1:])
    yield ""
    yield click.style("fields", bold=True)
    fields = [(name, _shown(value)) for name, value in protocol.as_dict().items() if name != "summary"]
    rows = [*fields, ("hash", protocol.hash)]
    width = max(len(name) for name, _ in rows)
    yield from (f"  {name:<{width}}  {value}" for name, value in rows)


def as_dict(protocol: Protocol) -> dict[str, Any]:
    """Return the same as JSON has it."""
    return {"hash": protocol.hash, "fields": protocol.as_dict(), "description": protocol.describe()}


def _shown(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return text or "none"
