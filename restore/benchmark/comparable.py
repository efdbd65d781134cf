"""Whether two results measured the same, in the same way; if not, in which fields they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from restore.benchmark.differences import differences
from restore.benchmark.outcome import Results
from restore.errors import UsageError

_SHOWN = 8
_OF_A_METRIC = ("distribution", "description")
"""What decides a metric's scores. The description has the hashes of its weights; one that has none tells nothing."""
_OF_A_VERSION = ("version", "source")


def refuse_differences(a: Results, b: Results) -> None:
    """Raise UsageError where two results measured different things, naming every field up to a handful."""
    found = [
        *_protocol_differences(a["protocol"], b["protocol"]),
        *_degradation_differences(a.get("degradation"), b.get("degradation")),
        *_metric_differences(a.get("metrics", {}), b.get("metrics", {})),
        *_data_differences(a["datasets"], b["datasets"]),
    ]
    if found:
        more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        lines = "".join(f"\n  {line}" for line in found[:_SHOWN])
        raise UsageError(
            f"the two results cannot be compared, they measured different things:{lines}{more}",
            "run both under one protocol, on the same files",
        )


def version_notes(a: Results, b: Results) -> list[str]:
    """Return a line for each version, or source, of what degraded or measured that the two results do not share.

    Such results can be compared, lest no release could be held against another; but a difference may be the version's.
    """
    notes: dict[str, None] = {}
    stages = zip(a.get("degradation", ()), b.get("degradation", ()), strict=False)
    shared = [(name, told, b["metrics"][name]) for name, told in a.get("metrics", {}).items() if name in b["metrics"]]
    for first, second in [*stages, *((told, other) for _, told, other in shared)]:
        if any(first.get(name) != second.get(name) for name in _OF_A_VERSION):
            notes[f"{first['distribution']} {_version(first, second)} and {_version(second, first)}"] = None
    return [f"degraded or measured by different versions: {note}" for note in notes]


def run_notes(a: Results, b: Results, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each device and precision, and of one model for other weights or code, of the two results.

    Scores may differ by these; whether they are what is compared, or in the way, the reader knows.

    Args:
        a: a result.
        b: another.
        pairs: names of the models that are compared, one of each result.
    """
    notes = []
    devices = [_device(found.get("environment", {})) for found in (a, b)]
    if devices[0] != devices[1]:
        notes.append(f"run on different devices: {' and '.join(devices)}")
    models_a, models_b = ({model["name"]: model for model in found["models"]} for found in (a, b))
    for name, other in pairs:
        first, second = models_a[name], models_b[other]
        label = name if name == other else f"{name} and {other}"
        if first.get("precision") != second.get("precision"):
            notes.append(f"{label}: run in {first.get('precision')} and {second.get('precision')}")
        if first.get("non_blind", False) != second.get("non_blind", False):
            which = "the first" if first.get("non_blind") else "the second"
            notes.append(f"{label}: {which} knows the degradation of each image, the other does not")
        if name != other:
            continue  # whose weights and code are others by right
        if first.get("weights") != second.get("weights"):
            notes.append(f"{label}: with the weights {_weights(first)} and {_weights(second)}")
        if first.get("parts") != second.get("parts"):
            notes.append(f"{label}: with {_parts(first)} and with {_parts(second)}")
        if any(first.get(field) != second.get(field) for field in _OF_A_VERSION):
            told = f"{_version(first, second)} and {_version(second, first)}"
            notes.append(f"{label}: of different versions, {first.get('distribution')} {told}")
    return notes


def _device(environment: Mapping[str, Any]) -> str:
    return f"{environment.get('device', 'not told')} ({environment.get('device_name', 'unnamed')})"


def _weights(model: Mapping[str, Any]) -> str:
    told = model.get("weights")
    return "none" if not told else f"{told.get('name')} ({str(told.get('sha256'))[:12]})"


def _parts(model: Mapping[str, Any]) -> str:
    told = [f"the {part['kind']} {part['name']} of weights {_weights(part)}" for part in model.get("parts", ())]
    return " and ".join(told) or "nothing that is loaded by name"


def _protocol_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    if a["hash"] == b["hash"]:
        return
    fields_a, fields_b = a.get("fields", {}), b.get("fields", {})
    named = [key for key in (*fields_a, *(k for k in fields_b if k not in fields_a)) if key != "summary"]
    different = [key for key in named if fields_a.get(key) != fields_b.get(key)]
    for key in different:
        yield f"protocol {key}: {_text(fields_a.get(key))} and {_text(fields_b.get(key))}"
    if not different:
        yield f"protocol hash: {a['hash'][:12]} and {b['hash'][:12]}"


def _degradation_differences(
    a: Sequence[Mapping[str, Any]] | None, b: Sequence[Mapping[str, Any]] | None
) -> Iterator[str]:
    names = ["not told" if side is None else "|".join(stage["name"] for stage in side) for side in (a, b)]
    if names[0] != names[1]:
        yield f"degradation: {names[0]} and {names[1]}"
        return
    for number, (stage_a, stage_b) in enumerate(zip(a or (), b or (), strict=True), 1):
        place = f"{stage_a['name']} (stage {number})" if len(a or ()) > 1 else stage_a["name"]
        for name, first, second in differences(_unversioned(stage_a), _unversioned(stage_b)):
            yield f"degradation {place}, {name}: {_text(first)} and {_text(second)}"


def _unversioned(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stage.items() if name not in _OF_A_VERSION}


def _version(told: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return a version, with the source where that tells it from the other's."""
    version, source = str(told.get("version")), told.get("source")
    return f"{version} (source {source[:12]})" if source and source != other.get("source") else version


def _metric_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    for metric, told_a in a.items():
        told_b = b.get(metric, {"absent": True})
        if told_a.get("absent") or told_b.get("absent"):
            continue  # it has no scores there
        for name in _OF_A_METRIC:
            if None not in (told_a.get(name), told_b.get(name)) and told_a[name] != told_b[name]:
                yield f"metric {metric}, {name}: {_text(told_a.get(name))} and {_text(told_b.get(name))}"


def _data_differences(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    sets_a, sets_b = {d["name"]: d for d in a}, {d["name"]: d for d in b}
    if list(sets_a) != list(sets_b):
        yield f"data sets: {', '.join(sets_a)} and {', '.join(sets_b)}"
    for name in (name for name in sets_a if name in sets_b):
        files_a, files_b = ({i["name"]: i.get("sha256") for i in d["images"]} for d in (sets_a[name], sets_b[name]))
        for image in sorted(files_a.keys() ^ files_b.keys()):
            yield f"data {name}: {image} is in the {'first' if image in files_a else 'second'} only"
        for image in sorted(files_a.keys() & files_b.keys()):
            if files_a[image] != files_b[image]:
                told = " and ".join((files[image] or "unreadable")[:12] for files in (files_a, files_b))
                yield f"data {name}, sha256 of {image}: {told}"


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else repr(value)
