"""``restore list``: what the installed plugins offer."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable
from typing import Any

import click

from restore.cli.console import emit, table, warn
from restore.cli.entries import lacks_weights
from restore.errors import UsageError
from restore.plugin import HOOKS, ModelSpec, NetworkSpec, Spec, WeightsSpec
from restore.registry import Component, PluginRecord, Registry, registry

PLURALS = {spec.kind: hook.removeprefix("restore_") for hook, spec in HOOKS.items()}

EXAMPLES = """
\b
Examples:
  restore list
  restore list models --task super-resolution
  restore list --json

A name that two plugins offer is shown as distribution:name; use it so. What has
no weights is trained first: `restore info NAME` names the recipes. Plugins that
cannot be used are told on standard error.
"""


class Kind(click.ParamType[str]):
    """A kind of component, in the singular or plural."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the kind in the singular."""
        for kind, plural in PLURALS.items():
            if str(value).lower() in (kind, plural):
                return kind
        near = difflib.get_close_matches(str(value), [*PLURALS, *PLURALS.values()], 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise click.BadParameter(
            f"{value!r} is no kind of component; {hint}kinds are {', '.join(PLURALS.values())}", ctx, param
        )


@click.command("list", epilog=EXAMPLES)
@click.argument("kind", required=False, type=Kind())
@click.option("--task", metavar="TASK", help="Only models that undo this, such as inpainting.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(kind: str | None, task: str | None, as_json: bool) -> None:
    """List what the installed plugins offer, all of it or one KIND.

    KIND is one of degradations, models, losses, priors, metrics, recipes, datasets, protocols.
    """
    found = registry()
    if task is not None and kind not in (None, "model"):
        raise UsageError(f"{PLURALS[kind]} have no task", "--task goes with models")
    kind = "model" if task is not None else kind
    chosen = [
        component
        for one in PLURALS
        if kind in (None, one)
        for component in found.of_kind(one)
        if task is None or getattr(component.spec, "task", None) == task
    ]
    if as_json:
        emit(
            {
                "components": [as_dict(component, found) for component in chosen],
                "plugins": [record_as_dict(record) for record in found.plugins],
            }
        )
    else:
        click.echo("\n".join(_tables(chosen, found)), nl=bool(chosen))
    tell_problems(found.plugins)
    if not chosen:
        _explain_emptiness(kind, task, found)


def _tables(components: Iterable[Component], found: Registry) -> Iterable[str]:
    """Yield a table a kind; alone it has whole summaries, and among others a line a component."""
    rows: dict[str, list[list[str]]] = {}
    for component in components:
        spec = component.spec
        remark = "no weights" if lacks_weights(component) else ""
        rows.setdefault(spec.kind, []).append(
            [displayed_name(component, found), getattr(spec, "task", ""), remark, spec.summary]
        )
    for number, (kind, of_kind) in enumerate(rows.items()):
        if number:
            yield ""
        yield click.style(PLURALS[kind], bold=True)
        yield from table(of_kind, wrap=len(rows) == 1)


def displayed_name(component: Component, found: Registry) -> str:
    """Return the short name, or the qualified one where the short one is ambiguous."""
    return component.qualified if found.is_ambiguous(component) else component.spec.name


def as_dict(component: Component, found: Registry) -> dict[str, Any]:
    """Return a component as JSON has it."""
    shown = _fields(component.spec)
    if "weights" in shown:
        shown["weights"] = [
            {"name": f"{component.spec.name}.{w.tag}", **_fields(w), "options": dict(w.options)}
            for w in component.weights
        ]
    shown["networks"] = [_fields(network) for network in component.spec.networks]
    return {
        "kind": component.spec.kind,
        **shown,
        "qualified": component.qualified,
        "ambiguous": found.is_ambiguous(component),
        "plugin": component.plugin.name,
        "distribution": component.plugin.distribution,
        "version": component.plugin.version,
    }


def _fields(record: Spec | WeightsSpec | NetworkSpec | PluginRecord) -> dict[str, Any]:
    return {field.name: _as_json(getattr(record, field.name)) for field in dataclasses.fields(record)}


def _as_json(value: Any) -> Any:
    """Return a value as JSON can hold it, which has no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def record_as_dict(record: PluginRecord) -> dict[str, Any]:
    """Return what became of a plugin as JSON has it."""
    shown = {key: value for key, value in _fields(record).items() if key != "cause"}
    return {**shown, "load_ms": round(record.load_ms, 2), "cure": record.cure, "traceback": record.detail}


def tell_problems(plugins: Iterable[PluginRecord]) -> None:
    """Print one line on standard error for each plugin that is not in order; a disabled one is."""
    for record in plugins:
        if record.status not in ("ok", "disabled"):
            warn(f"{record.problem}; {record.cure}")


def _explain_emptiness(kind: str | None, task: str | None, found: Registry) -> None:
    if task is None:
        warn(f"no installed plugin offers {PLURALS[kind] if kind else 'anything'}")
        return
    tasks = sorted({c.spec.task for c in found.of_kind("model") if isinstance(c.spec, ModelSpec)})
    near = difflib.get_close_matches(task, tasks, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    warn(f"no model is for the task {task!r}; {hint}tasks are {', '.join(tasks) or 'none'}")
