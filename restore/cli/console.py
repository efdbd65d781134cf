"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from restore.cli.group import STDOUT

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = 1
NARROWEST = 20
"""Characters of a last column in which words are still read when it is wrapped."""


@functools.cache
def console() -> Console:
    """Return the rich console on standard error, for progress bars; imported late because rich is slow to."""
    from rich.console import Console

    return Console(stderr=True)


def say(text: str, **style: Any) -> None:
    """Print a line for people on standard error; click's styles apply on a terminal."""
    click.secho(text, err=True, **style)


def warn(text: str) -> None:
    """Print a warning on standard error."""
    click.echo(click.style("warning: ", fg="yellow", bold=True) + text, err=True)


def emit(payload: Mapping[str, Any]) -> None:
    """Print a JSON object on standard output, with the number of its schema."""
    emit_text(json.dumps({"schema": SCHEMA, **payload}, indent=2, default=str))


def emit_text(text: str) -> None:
    """Print JSON on standard output, which ``--json`` keeps for it alone."""
    context = click.get_current_context(silent=True)
    click.echo(text, file=None if context is None else context.meta.get(STDOUT))


def width() -> int:
    """Return the width of the terminal, 80 where there is none."""
    return max(shutil.get_terminal_size((80, 24)).columns, 40)


def table(rows: Sequence[Sequence[str]], *, indent: int = 2, whole: bool = False, wrap: bool = False) -> list[str]:
    """Align rows of one length in columns.

    Lines are cut with an ellipsis where the terminal ends, or the last column is wrapped there (``wrap``); a file or a
    pipe gets them whole, and so does a terminal, which wraps them, where the last columns matter (``whole``).
    """
    if not rows:
        return []
    cut = not whole and (sys.stdout.isatty() or bool(os.environ.get("COLUMNS")))
    sides = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    shown = [i for i, side in enumerate(sides) if side]
    margin = indent + sum(sides[i] + 2 for i in shown)
    lines = []
    for row in rows:
        head = " " * indent + "".join(row[i].ljust(sides[i]) + "  " for i in shown)
        if cut and wrap and width() - margin >= NARROWEST:
            first, *rest = textwrap.wrap(row[-1], width() - margin) or [""]
            lines += [(head + first).rstrip(), *(" " * margin + line for line in rest)]
        else:
            line = (head + row[-1]).rstrip()
            lines.append(shortened(line, width()) if cut else line)
    return lines


def shortened(text: str, length: int) -> str:
    """Cut a text to a length, with an ellipsis where something is missing; within a word only where it must be."""
    if len(text) <= length:
        return text
    words = text[:length].rpartition(" ")[0].rstrip(" ,;:")
    return (words if len(words) > length // 2 else text[: length - 1].rstrip()) + "…"


def human_size(count: int) -> str:
    """Return a number of bytes as people read it: ``3.1 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
