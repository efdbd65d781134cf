"""Whether a result that was read has what comparisons and reports rest on; results.schema.json says the whole form."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from restore.benchmark.columns import MOST_DIGITS
from restore.benchmark.protocol import hash_of

_TEXT, _TABLE, _LIST, _WHOLE, _TRUTH = "a text", "an object", "a list", "a whole number", "true or false"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    _TEXT: str, _TABLE: Mapping, _LIST: list, _WHOLE: int, _TRUTH: bool,
}  # fmt: skip
_OF_A_SUMMARY = ("seconds_median", "seconds_iqr", "images_per_second", "megapixels_per_second",
                 "peak_device_bytes", "peak_host_bytes")  # fmt: skip


def check(found: Mapping[str, Any]) -> None:
    """Raise ValueError that names the first field that is missing, of the wrong kind, or contradicts another.

    Args:
        found: a parsed ``results.json`` of this schema.
    """
    _check_protocol(_field(found, "protocol", _TABLE))
    for name, told in _field(found, "metrics", _TABLE, {}).items():
        _check_metric(told, f"metrics.{name}")
    _check_environment(found)
    models = _names(found, "models")
    images = {
        name: _names(dataset, "images", f"datasets.{name}.")
        for name, dataset in _named(found, "datasets").items()
    }  # fmt: skip
    _check_rows(_field(found, "scores", _LIST), "scores", models, images)
    _check_rows(_field(found, "timing", _LIST, []), "timing", models, images)
    _check_rows(_field(found, "summary", _LIST), "summary", models, images)


def _check_protocol(protocol: Mapping[str, Any]) -> None:
    _field(protocol, "id", _TEXT, place="protocol.")
    _field(protocol, "description", _TEXT, "", place="protocol.")
    told, made = (
        _field(protocol, "hash", _TEXT, place="protocol."),
        hash_of(_field(protocol, "fields", _TABLE, place="protocol.")),
    )
    if told != made:
        raise ValueError(f"protocol.hash is {told[:12]}, and that of protocol.fields is {made[:12]}: one was edited")


def _check_metric(told: Any, place: str) -> None:
    _check(told, _TABLE, place)
    for name in ("label", "unit"):
        _field(told, name, _TEXT, "", place=f"{place}.")
    _field(told, "higher_is_better", _TRUTH, True, place=f"{place}.")
    digits = _field(told, "digits", _WHOLE, 0, place=f"{place}.")
    if not 0 <= digits <= MOST_DIGITS:
        raise ValueError(f"{place}.digits is {digits}, not from 0 to {MOST_DIGITS}")


def _check_environment(found: Mapping[str, Any]) -> None:
    _field(found, "environment", _TABLE)
    _field(found, "created", _TEXT, "")
    for number, word in enumerate(_field(found, "command", _LIST, [])):
        _check(word, _TEXT, f"command.{number}")
    for number, stage in enumerate(_field(found, "degradation", _LIST, [])):
        _check(stage, _TABLE, f"degradation.{number}")
        for name in ("name", "distribution"):
            _field(stage, name, _TEXT, place=f"degradation.{number}.")


def _named(found: Mapping[str, Any], field: str, place: str = "") -> dict[str, Mapping[str, Any]]:
    """Return the items of a list by their names, each of which is there once."""
    named: dict[str, Mapping[str, Any]] = {}
    for number, item in enumerate(_field(found, field, _LIST, place=place)):
        where = f"{place}{field}.{number}"
        _check(item, _TABLE, where)
        name = _field(item, "name", _TEXT, place=f"{where}.")
        if name in named:
            raise ValueError(f"{where}.name is {name!r}, which is there already")
        for optional in ("sha256", "source"):
            if item.get(optional) is not None:
                _check(item[optional], _TEXT, f"{where}.{optional}")
        if item.get("weights") is not None:
            _check(item["weights"], _TABLE, f"{where}.weights")
        _field(item, "non_blind", _TRUTH, False, place=f"{where}.")
        for count, part in enumerate(_field(item, "parts", _LIST, [], place=f"{where}.")):
            _check_part(part, f"{where}.parts.{count}")
        named[name] = item
    return named


def _check_part(part: Any, place: str) -> None:
    _check(part, _TABLE, place)
    for name in ("kind", "name"):
        _field(part, name, _TEXT, place=f"{place}.")
    if part.get("weights") is not None:
        _check(part["weights"], _TABLE, f"{place}.weights")


def _names(found: Mapping[str, Any], field: str, place: str = "") -> frozenset[str]:
    return frozenset(_named(found, field, place))


def _check_rows(rows: Sequence[Any], field: str, models: frozenset[str], images: Mapping[str, frozenset[str]]) -> None:
    """Check rows of scores, timing or the summary; those of the summary have no image."""
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows):
        place = f"{field}.{number}"
        _check(row, _TABLE, place)
        keys = ("model", "dataset") if field == "summary" else ("model", "dataset", "image")
        of = tuple(_field(row, key, _TEXT, place=f"{place}.") for key in keys)
        known: tuple[Any, ...] = (models, images, images.get(of[1], ()))
        for key, name, names in zip(keys, of, known, strict=False):
            if name not in names:
                raise ValueError(f"{place}.{key} is {name!r}, and the result has no such {key}")
        if of in seen:
            raise ValueError(f"{place} is a second row of {', '.join(of)}")
        seen.add(of)
        _check_row(row, field, f"{place}.")


def _check_row(row: Mapping[str, Any], field: str, place: str) -> None:
    if field == "timing":
        _check_number(row.get("seconds"), f"{place}seconds")
        return
    for metric, value in _field(row, "metrics", _TABLE, place=place).items():
        if value not in ("inf", "-inf", None):
            _check_number(value, f"{place}metrics.{metric}")
    for metric, reason in _field(row, "reasons", _TABLE, {}, place=place).items():
        _check(reason, _TEXT, f"{place}reasons.{metric}")
    if field == "summary":
        for name in ("n", "failed"):
            _field(row, name, _WHOLE, place=place)
        for name in _OF_A_SUMMARY:
            if row.get(name) is not None:
                _check_number(row[name], f"{place}{name}")
    elif row.get("status") not in ("ok", "failed"):
        raise ValueError(f"{place}status is {row.get('status')!r}, not 'ok' or 'failed'")
    elif row.get("error") is not None:
        _check(row["error"], _TEXT, f"{place}error")


def _field(table: Mapping[str, Any], name: str, kind: str, default: Any = None, *, place: str = "") -> Any:
    """Return a field of its kind; one that is absent is an error where there is no default."""
    if name not in table and default is not None:
        return default
    if name not in table:
        raise ValueError(f"{place}{name} is missing")
    return _check(table[name], kind, f"{place}{name}")


def _check(value: Any, kind: str, place: str) -> Any:
    if not isinstance(value, _TYPES[kind]) or (kind == _WHOLE and isinstance(value, bool)):
        raise ValueError(f"{place} is {_shown(value)}, not {kind}")
    return value


def _check_number(value: Any, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ValueError(f"{place} is {_shown(value)}, not a number")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
