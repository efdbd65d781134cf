"""``restore info``: everything about one component, or the card of its weights."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore import published
from restore import weights as weights_store
from restore.blending import knobs
from restore.cli import protocol_page
from restore.cli.console import emit, table, warn, width
from restore.cli.entries import Entry, Network, Shipped, as_dict, entries_of, row, trained_by
from restore.cli.given import checked
from restore.cli.listing import as_dict as component_as_dict
from restore.errors import PluginError, UsageError
from restore.options import Option, describe, parse
from restore.plugin import ModelSpec, ProtocolSpec, Spec, WeightsSpec
from restore.provenance import Provenance, provenance
from restore.registry import Component, registry, split_tag
from restore.values import as_json, as_text

if TYPE_CHECKING:
    from restore.benchmark import Protocol

EXAMPLES = """
\b
Examples:
  restore info srresnet
  restore info jpeg --json
  restore info restore-toolkit:bicubic
  restore info sr-x4

Options behind the name (jpeg:quality=60) are checked and shown as given.
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
    written, given = parse(name)
    base, tag = split_tag(written)
    pages = _taking(given, [_Page.of(component) for component in found.named(base)])
    if tag:
        pages = [page for page in pages if page.component.weights] or pages
        chosen = found.find_weighted(pages[0].component.spec.kind, written)[1]
        assert chosen is not None
        _tell_weights(pages[0].component, chosen, as_json)
        if given:
            warn(f"the card of {written} is the same for all options; restore info {base} explains them")
    elif as_json:
        emit({"components": [{**component_as_dict(page.component, found), **page.as_dict()} for page in pages]})
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
    given: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Options that were written behind the name, checked."""

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

    def taking(self, given: Mapping[str, str]) -> _Page:
        """Return the page of the component with these options. Raises UsageError for what it does not take."""
        if self.failure or not given:
            return self
        if self.protocol is not None:
            raise UsageError(f"the protocol {self.component.spec.name} has no options", "leave out what is behind it")
        return dataclasses.replace(self, given=checked(self.component, given))

    def as_dict(self) -> dict[str, Any]:
        weights = [_weights_as_dict(self.component, w) for w in self.component.weights]
        networks = [
            {**dataclasses.asdict(spec), **as_dict(Network(published.Network(spec), (self.component,)))}
            for spec in self.component.spec.networks
        ]
        return {
            "options": [dataclasses.asdict(option) for option in self.options],
            **({"given": {name: as_json(value) for name, value in self.given.items()}} if self.given else {}),
            "provenance": dataclasses.asdict(self.origin),
            **({"weights": weights} if weights else {}),
            "networks": networks,
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
            yield from _option_lines(self.options, self.given)
        if self.protocol:
            yield from ("", *protocol_page.lines(self.protocol))
        yield from self._weights()

    def _weights(self) -> Iterator[str]:
        known = entries_of(self.component)
        own, networks = ([entry for entry in known if isinstance(entry, Network) == wanted] for wanted in (False, True))
        if own:
            yield from ("", click.style("weights", bold=True), *_entry_lines(own))
        elif recipes := trained_by(self.component):
            yield from ("", click.style("weights", bold=True))
            yield from _wrapped(f"none come with it; recipes that train it: {', '.join(recipes)}")
        if networks:
            yield from ("", click.style("networks of others", bold=True), *_entry_lines(networks))

    def _provenance(self) -> list[tuple[str, str]]:
        rows = [("origin", str(self.origin))]
        if self.origin.location:
            rows.append(("location", self.origin.location))
        licence = self.component.spec.licence or self.origin.licence
        return [*rows, ("licence", licence or "not declared")]


def _taking(given: Mapping[str, str], pages: Sequence[_Page]) -> list[_Page]:
    """Return the pages of those that take the options. Raises UsageError where none of them does."""
    taken: list[_Page] = []
    refused: list[UsageError] = []
    for page in pages:
        try:
            taken.append(page.taking(given))
        except UsageError as error:
            refused.append(error)
    if refused and not taken:
        raise refused[0]
    return taken


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


def _option_lines(options: list[Option], given: Mapping[str, Any]) -> Iterator[str]:
    for option in options:
        value = f"={as_text(given.get(option.name, option.default))}"
        head = f"{option.name}{'' if option.required and option.name not in given else value}  {option.type}"
        if option.name in given and not option.required:
            head += f", {as_text(option.default)} where it is not given"
        elif option.required:
            head += ", required"
        yield f"  {head}"
        yield from _wrapped(option.description.replace("``", ""), 6)


def _entry_lines(known: Sequence[Entry]) -> Iterator[str]:
    """Yield for each its row and below what it is known by, and where it lies or how it comes here."""
    for line, entry in zip(table([row(entry) for entry in known]), known, strict=True):
        yield line
        yield from table([[" ".join(entry.known_by)], [str(entry.path or entry.cure)]], indent=4)


def _weights_as_dict(component: Component, weights: WeightsSpec) -> dict[str, Any]:
    entry = Shipped(component, weights)
    fields = {field.name: getattr(weights, field.name) for field in dataclasses.fields(weights)}
    return {
        "name": entry.name,
        "state": entry.state,
        **fields,
        "options": dict(weights.options),
        "blend": dataclasses.asdict(weights.blend) if weights.blend else None,
        "path": str(entry.path) if entry.path else None,
        "bytes": entry.path.stat().st_size if entry.path else None,
    }


def _tell_weights(component: Component, weights: WeightsSpec, as_json: bool) -> None:
    card = weights_store.resource(weights.card) if weights.card else None
    text = card.read_text("utf-8") if card is not None and card.is_file() else ""
    if as_json:
        emit({"weights": {**_weights_as_dict(component, weights), "card_text": text}})
        return
    [head] = table([row(Shipped(component, weights))], indent=0)
    click.echo(f"{head}\nsha256 {weights.sha256}")
    if not text:
        click.echo("\nThese weights have no card.")
        return
    from restore.cli.cards import readable

    click.echo(f"\n{readable(text, width())}")
