"""Cards of weights, which are Markdown, as people read them in a terminal."""

from __future__ import annotations

import io
import re

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, TableElement
from rich.table import Table

_AT_THE_END = re.compile(r"(?:\s|\x1b\[[\d;]*m)+$")


class _WholeTable(TableElement):
    """A table that breaks a long word, such as a hash, and does not cut it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in super().__rich_console__(console, options):
            if isinstance(part, Table):
                for column in part.columns:
                    column.overflow = "fold"
            yield part


class _Card(Markdown):
    elements = {**Markdown.elements, "table_open": _WholeTable}  # noqa: RUF012 - as in the base


def readable(card: str, width: int) -> str:
    """Return a card with its paragraphs and tables wrapped to a width, styled as for a terminal."""
    into = io.StringIO()
    console = Console(file=into, width=width, force_terminal=True, color_system="standard")
    console.print(_Card(card))
    lines = (_AT_THE_END.sub(_reset, line) for line in into.getvalue().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _reset(ending: re.Match[str]) -> str:
    """Return what a line ends with in place of spaces, which rich styles too: nothing where it is empty."""
    return "\x1b[0m" if ending.start() and "\x1b" in ending[0] else ""
