"""A click group whose commands are imported when they run, and where errors become exit codes."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from restore.errors import INTERRUPTED, RestoreError

PIPE_CLOSED = 141
STDOUT = "restore.stdout"
"""Key of the context's ``meta``: where JSON goes while standard output is kept for it."""


class LazyGroup(click.Group):
    """A group whose commands are ``{name: (import string, summary)}``; ``--help`` imports none of them."""

    def __init__(
        self, *args: Any, lazy: Mapping[str, tuple[str, str]], switches: Iterable[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy)
        self.switches = frozenset(switches)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table: the order in which people meet them."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in self.lazy:
            return None
        module, _, attribute = self.lazy[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; an unknown one is a usage error that tells near names."""
        name = args[0]
        if name not in self.lazy and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.lazy, 2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands from the summaries, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.lazy.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the group's switches wherever they stand: ``restore list --debug`` is what people type."""
        return super().parse_args(ctx, _switches_first(args, self.switches))


class ErrorBoundary(LazyGroup):
    """The outermost group: whatever a command raises leaves as a message and an exit code.

    A RestoreError leaves with its cure and its own code, an interrupt with 130, anything else with 1 and one
    line. ``--debug`` and ``RESTORE_STRICT=1`` add the traceback.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _for_json_alone(ctx):
                result = super().invoke(ctx)
            sys.stdout.flush()
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except RestoreError as error:
            _explain(error, ctx)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.secho("\ninterrupted", fg="yellow", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - this is the outermost frame
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                _silence_stdout()
                ctx.exit(PIPE_CLOSED)
            _confess(error, ctx)
            ctx.exit(1)
        return result


def _switches_first(args: Sequence[str], switches: frozenset[str]) -> list[str]:
    end = args.index("--") if "--" in args else len(args)
    taken = [arg for arg in args[:end] if arg in switches]
    return [*taken, *(arg for arg in args[:end] if arg not in switches), *args[end:]]


@contextlib.contextmanager
def _for_json_alone(ctx: click.Context) -> Iterator[None]:
    """With ``--json``, let what a plugin or a library prints go to standard error."""
    if "--json" not in (*getattr(ctx, "_protected_args", ()), *ctx.args):
        yield
        return
    ctx.meta[STDOUT] = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _explain(error: RestoreError, ctx: click.Context) -> None:
    _trace(error, ctx)
    click.echo(_red("error: ") + error.message, err=True)
    if error.cure:
        click.echo(f"  {error.cure}", err=True)


def _confess(error: Exception, ctx: click.Context) -> None:
    traced = _trace(error, ctx)
    summary = (str(error).splitlines() or [""])[0]
    if isinstance(error, OSError) and error.strerror:  # a full disk or a forbidden folder is nobody's bug
        place = f"{error.filename}: " if error.filename else ""
        click.echo(_red("error: ") + f"{place}{error.strerror}", err=True)
        return
    click.echo(_red("error: ") + f"{type(error).__name__}: {summary}".rstrip(": "), err=True)
    if not traced:
        click.echo("  this is a bug of the toolkit or of a plugin; --debug shows the traceback", err=True)


def _trace(error: BaseException, ctx: click.Context) -> bool:
    wanted = bool(ctx.params.get("debug")) or os.environ.get("RESTORE_STRICT") == "1"
    if wanted:
        click.echo("".join(traceback.format_exception(error)), err=True)
    return wanted


def _red(text: str) -> str:
    return click.style(text, fg="red", bold=True)


def _silence_stdout() -> None:
    """Whoever read our output has left; let the interpreter flush into nothing at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
