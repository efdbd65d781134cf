"""Where a result comes from, as lines of text: what another person needs to make it again, and to cite it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from restore.benchmark.outcome import Outcome

Facts = tuple[tuple[str, str], ...]
"""Pairs of a name and a value."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Everything that a result says about how it was made."""

    description: str
    degradation: tuple[tuple[str, Facts], ...]
    environment: Facts
    models: tuple[tuple[str, Facts], ...]
    datasets: tuple[tuple[str, Facts], ...]
    run: Facts
    citation: str


def facts(outcome: Outcome) -> Origin:
    """Collect them from a result; what it does not say is left out."""
    results = outcome.results
    return Origin(
        description=results["protocol"].get("description", ""),
        degradation=_named(results.get("degradation", ())),
        environment=_pairs(results.get("environment", {})),
        models=_named(map(_opened, results["models"])),
        datasets=tuple(
            (
                dataset["name"],
                _pairs(
                    {"folder": dataset.get("folder"), "images": len(dataset["images"]), "hash": dataset.get("hash")}
                ),
            )
            for dataset in results["datasets"]
        ),
        run=_pairs({"created": results.get("created"), "command": shlex.join(results.get("command", ()))}),
        citation=_citation(outcome),
    )


def _named(records: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, Facts], ...]:
    return tuple((one["name"], _pairs({key: value for key, value in one.items() if key != "name"})) for one in records)


def _opened(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model with each of its parts under its own name."""
    whole = {key: value for key, value in model.items() if key != "parts"}
    return whole | {
        f"{part['kind']} {part['name']}": {key: value for key, value in part.items() if key not in ("kind", "name")}
        for part in model.get("parts", ())
    }


def _citation(outcome: Outcome) -> str:
    """Return one sentence that fixes what was measured, on what and by which version."""
    results = outcome.results
    environment = results.get("environment", {})
    data = ", ".join(
        f"{d['name']} ({', '.join(filter(None, (outcome.limited.get(d['name']), str(d.get('hash', '?'))[:12])))})"
        for d in results["datasets"]
    )
    device = environment.get("device_name") or environment.get("device") or "an unnamed device"
    return (
        f"Measured with restore {environment.get('restore', '?')} under protocol {results['protocol']['id']} "
        f"({results['protocol']['hash'][:12]}) on {data}; {device}, torch {environment.get('torch', '?')}, "
        f"{outcome.precision_told}{', ' if outcome.precision_told else ''}"
        f"{str(results.get('created', '?'))[:10]}."
    )


def _pairs(values: Mapping[str, Any]) -> Facts:
    """Return names and values as text; tables are opened into ``name.key``."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found += [(f"{key} {name}", text) for name, text in _pairs(value)]
        elif value not in (None, "", [], {}):
            found.append((key.replace("_", " "), _text(value)))
    return tuple(found)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, default=str)
