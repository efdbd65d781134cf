"""``restore info``: everything about one component, or the card of its weights."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore import published
from restore import weights as weights_store
from restore.blending import knobs
from restore.cli import protocol_page
from restore.cli.console import emit, human_size, table, warn, width
from restore.cli.listing import as_dict
from restore.errors import PluginError, WeightsError
from restore.options import Option, describe, parse
from restore.plugin import ModelSpec, ProtocolSpec, Spec, WeightsSpec
from restore.provenance import Provenance, provenance
from restore.registry import Component, registry, split_tag
from restore.values import as_text

if TYPE_CHECKING:
    from restore.benchmark import Protocol

EXAMPLES = """
\b
Examples:
  restore info srresnet
  restore info jpeg --json
  restore info restore-toolkit:bicubic
  restore info sr-x4

MODEL.TAG prints the card of these weights: recipe, data, measured scores. Of a
protocol, or of a TOML file that is one, it prints the formulae, every field and
the hash.
"""


@click.command(epilog=EXAMPLES)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(name: str, as_json: bool) -> None:
    """Explain NAME: its options, weights, origin and citation.

    NAME is a component of any kind, distribution:name or name:options too,
    MODEL.TAG, or the TOML file of a protocol.
    """
    if name.endswith(".toml"):
        protocol_page.tell(Path(name), as_json)
        return
    found = registry()
    base, tag = split_tag(parse(name)[0])
    pages = [_Page.of(component) for component in found.named(base)]
    if tag:
        pages = [page for page in pages if page.component.weights] or pages
        chosen = found.find_weighted(pages[0].component.spec.kind, parse(name)[0])[1]
        assert chosen is not None
        _tell_weights(pages[0].component, chosen, as_json)
    elif as_json:
        emit({"components": [{**as_dict(page.component, found), **page.as_dict()} for page in pages]})
    else:
        click.echo("\n\n".join("\n".join(page.lines()) for page in pages))
    for page in pages:
        if page.failure:
            warn(page.failure)


@dataclasses.dataclass(frozen=True)
class _Page:
    component: Component
    options: list[Option]
    origin: Provenance
    protocol: Protocol | None = None
    failure: str = ""

    @classmethod
    def of(cls, component: Component) -> _Page:
        origin = provenance(component.plugin.distribution)
        try:
            # What the factory's module prints must not end up in front of our JSON.
            with contextlib.redirect_stdout(sys.stderr):
                if isinstance(component.spec, ProtocolSpec):
                    from restore.benchmark import protocols

                    return cls(component, [], origin, protocols.of(component))
                return cls(component, [*describe(component.factory()), *knobs(component)], origin)
        except (PluginError, ValueError, TypeError) as error:
            return cls(component, [], origin, failure=str(error))

    def as_dict(self) -> dict[str, Any]:
        weights = [_weights_as_dict(self.component, w) for w in self.component.weights]
        return {
            "options": [dataclasses.asdict(option) for option in self.options],
            "provenance": dataclasses.asdict(self.origin),
            **({"weights": weights} if weights else {}),
            **({"protocol": protocol_page.as_dict(self.protocol)} if self.protocol else {}),
            **({"error": self.failure} if self.failure else {}),
        }

    def lines(self) -> Iterator[str]:
        spec, plugin = self.component.spec, self.component.plugin
        yield click.style(spec.name, bold=True) + f"  {spec.kind} of {plugin.distribution} {plugin.version}"
        if spec.summary:
            yield from _wrapped(spec.summary)
        yield ""
        yield from table([*_properties(spec), *self._provenance()])
        if spec.citation:
            yield ""
            yield from _wrapped(spec.citation)
        if self.options:
            yield from ("", click.style("options", bold=True))
            yield from _option_lines(self.options)
        if self.protocol:
            yield from ("", *protocol_page.lines(self.protocol))
        if self.component.weights:
            yield from ("", click.style("weights", bold=True))
            yield from table([_weights_row(self.component, w) for w in self.component.weights])
        if spec.networks:
            yield from ("", click.style("networks of others", bold=True))
            networks = [published.Network(network) for network in spec.networks]
            yield from table([[n.spec.name, n.state, n.spec.licence, n.spec.summary] for n in networks])

    def _provenance(self) -> list[tuple[str, str]]:
        rows = [("origin", str(self.origin))]
        if self.origin.location:
            rows.append(("location", self.origin.location))
        licence = self.component.spec.licence or self.origin.licence
        return [*rows, ("licence", licence or "not declared")]


def _wrapped(text: str, indent: int = 2) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(text, width(), initial_indent=margin, subsequent_indent=margin)


def _properties(spec: Spec) -> list[tuple[str, str]]:
    """Return the fields of a kind's own, as people read them."""
    common = {field.name for field in dataclasses.fields(Spec)} | {"weights"}
    rows = []
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        means_something = value not in (None, "") or _left_open(spec, field.name)
        if field.name in common or not means_something:
            continue
        rows.append((field.name.replace("_", " "), _readable(field.name, value)))
    return rows


def _left_open(spec: Spec, name: str) -> bool:
    """Whether the built model tells what its descriptor leaves out."""
    return isinstance(spec, ModelSpec) and (name == "scale" or (name == "receptive_field" and spec.tiling == "exact"))


def _readable(name: str, value: Any) -> str:
    if value is None:
        return "by its options"
    if name == "scale":
        return f"x{value}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)


def _option_lines(options: list[Option]) -> Iterator[str]:
    heads = [
        f"{o.name}  {o.type}, required" if o.required else f"{o.name}={as_text(o.default)}  {o.type}" for o in options
    ]
    for head, option in zip(heads, options, strict=True):
        yield f"  {head}"
        yield from _wrapped(option.description.replace("``", ""), 6)


def _whereabouts(component: Component, weights: WeightsSpec) -> Path | None:
    try:
        return weights_store.locate(component, weights)
    except WeightsError:
        return None


def _weights_row(component: Component, weights: WeightsSpec) -> list[str]:
    path = _whereabouts(component, weights)
    size = human_size(path.stat().st_size) if path else "absent"
    return [weights_store.name_of(component, weights), size, weights.licence, weights.summary]


def _weights_as_dict(component: Component, weights: WeightsSpec) -> dict[str, Any]:
    path = _whereabouts(component, weights)
    fields = {field.name: getattr(weights, field.name) for field in dataclasses.fields(weights)}
    return {
        "name": weights_store.name_of(component, weights),
        **fields,
        "options": dict(weights.options),
        "blend": dataclasses.asdict(weights.blend) if weights.blend else None,
        "path": str(path) if path else None,
        "bytes": path.stat().st_size if path else None,
    }


def _tell_weights(component: Component, weights: WeightsSpec, as_json: bool) -> None:
    card = weights_store.resource(weights.card) if weights.card else None
    text = card.read_text("utf-8") if card is not None and card.is_file() else ""
    if as_json:
        emit({"weights": {**_weights_as_dict(component, weights), "card_text": text}})
        return
    click.echo("\n".join(table([_weights_row(component, weights)], indent=0)) + f"\nsha256 {weights.sha256}")
    click.echo(f"\n{text.strip()}" if text else "\nThese weights have no card.")
