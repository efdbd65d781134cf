"""Writes docs/reference/ from the code: every component, descriptor, command and check, as they are.

    python docs/write_reference.py [FOLDER]        # or: make reference

A test writes it again and compares.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path

os.environ["COLUMNS"] = "80"
os.environ["RESTORE_PLUGINS"] = "restore-toolkit"

import click

from restore import artifacts, plugin
from restore.blending import knobs
from restore.cli import cli
from restore.options import describe
from restore.registry import KINDS, Component, registry
from restore.testing import Check
from restore.testing.kinds import MODULES, checks_of
from restore.values import as_text

FOLDER = Path(__file__).parent / "reference"
PLURALS = {spec.kind: hook.removeprefix("restore_").capitalize() for hook, spec in plugin.HOOKS.items()}
NOTE = "Written by `make reference` from the code; do not edit.\n"


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    return {
        "components.md": _page("Components", _components()),
        "descriptors.md": _page("Descriptors and hooks", _descriptors()),
        "commands.md": _page("Commands", _commands()),
        "checks.md": _page("Conformance checks", _checks()),
    }


def _page(title: str, lines: Iterator[str]) -> str:
    text = "\n".join([f"# {title}", "", NOTE, *lines])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _components() -> Iterator[str]:
    yield "What the toolkit's own plugins offer. Options follow a name: `bicubic:scale=4,border=replicate`."
    for kind in KINDS:
        found = registry().of_kind(kind)
        if not found:
            continue
        yield from ("", f"## {PLURALS[kind]}", "")
        if kind == "protocol":
            yield from _table(("name", "what"), [(f"`{c.spec.name}`", c.spec.summary) for c in found])
            yield "\n`restore info NAME` prints the formulae and the hash of each."
            continue
        for component in found:
            yield from _component(component)


def _component(component: Component) -> Iterator[str]:
    spec = component.spec
    yield from ("", f"### `{spec.name}`", "", f"{spec.summary}." if spec.summary else "")
    if spec.citation:
        yield from ("", f"Source: {spec.citation}.")
    if isinstance(spec, plugin.ModelSpec):
        told = [spec.task, f"tiling {spec.tiling}", *([f"scale {spec.scale}"] if spec.scale else [])]
        told += [f"receptive field {spec.receptive_field}"] if spec.receptive_field else []
        yield from ("", f"Task {', '.join(told)}; proved in {', '.join(spec.dtypes)}.")
    options = [*describe(component.factory()), *knobs(component)]
    if options:
        rows = [
            (f"`{o.name}`", f"`{o.type}`", "required" if o.required else f"`{as_text(o.default)}`", o.description)
            for o in options
        ]
        yield from ("", *_table(("option", "type", "default", "what"), rows))


def _descriptors() -> Iterator[str]:
    yield "A hook takes no arguments and returns a list of its descriptors. Import both from `restore.plugin`."
    yield from (
        "",
        *_table(("hook", "returns"), [(f"`{h}`", f"`list[{s.__name__}]`") for h, s in plugin.HOOKS.items()]),
    )
    documented = _field_docs()
    for described in (plugin.Spec, *plugin.SPECS, *_others()):
        yield from ("", f"## `{described.__name__}`", "", _lead(described), "")
        inherited = {field.name for field in fields(plugin.Spec)} if described is not plugin.Spec else set()
        rows = []
        for field in fields(described):
            own = documented.get((described.__name__, field.name))
            if field.name in inherited and own is None:
                continue
            default = "required"
            if field.default is not MISSING:
                default = f"`{field.default!r}`"
            elif field.default_factory is not MISSING:
                default = f"`{field.default_factory()!r}`"
            rows.append((f"`{field.name}`", f"`{field.type}`", default, own or ""))
        yield from _table(("field", "type", "default", "what"), rows) if rows else iter(("No fields of its own.",))


def _lead(documented: type) -> str:
    """Return the first paragraph of a class's docstring."""
    return inspect.cleandoc(documented.__doc__ or "").split("\n\n")[0].replace("``", "`")


def _others() -> list[type]:
    """Return the descriptors that lie within others."""
    named = [value for name, value in vars(plugin).items() if isinstance(value, type) and name.endswith("Spec")]
    return [value for value in named if not issubclass(value, plugin.Spec)]


def _field_docs() -> dict[tuple[str, str], str]:
    """Return the text below each field of a descriptor, by class and field."""
    found = {}
    for owner in (node for module in (artifacts, plugin) for node in ast.parse(inspect.getsource(module)).body):
        if not isinstance(owner, ast.ClassDef):
            continue
        for field, text in zip(owner.body, owner.body[1:], strict=False):
            told = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and told:
                found[owner.name, field.target.id] = inspect.cleandoc(str(text.value.value))
    return found


def _commands() -> Iterator[str]:
    yield "`restore COMMAND --help`, command by command."
    yield from _command(cli, cli.make_context("restore", ["info"], resilient_parsing=True))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from ("", f"## `{context.command_path}`", "", "```", command.get_help(context), "```")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _command(below, click.Context(below, info_name=name, parent=context))


def _checks() -> Iterator[str]:
    yield "What `restore plugin check` and `restore.testing.parametrize` look at."
    general = checks_of("")
    yield from ("", "## Components of every kind", "", *_table(("check", "what holds"), _rows(general)))
    for kind in MODULES:
        own = [check for check in checks_of(kind) if check not in general]
        yield from ("", f"## {PLURALS[kind]}", "", *_table(("check", "what holds"), _rows(own)))


def _rows(checks: Iterable[Check]) -> list[tuple[str, str]]:
    return [(f"`{check.name}`", check.summary) for check in checks]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = [" ".join(cell.replace("``", "`").replace("|", "\\|").split()) for cell in row]
        yield f"| {' | '.join(cells)} |"


def main(folder: Path) -> None:
    """Write the pages into a folder."""
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
