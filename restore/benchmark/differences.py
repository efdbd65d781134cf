"""In which fields two records differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def differences(a: Mapping[str, Any], b: Mapping[str, Any], path: str = "") -> list[tuple[str, Any, Any]]:
    """Return ``(field, in a, in b)`` of what differs, in the order of the fields; None: it is absent.

    Fields of nested objects and the numbers of a list's items are joined by dots: ``degradation.0.version``.
    """
    found: list[tuple[str, Any, Any]] = []
    for name in [*a, *(name for name in b if name not in a)]:
        first, second = a.get(name), b.get(name)
        parts_a, parts_b = _opened(first), _opened(second)
        if parts_a is not None and parts_b is not None:
            found += differences(parts_a, parts_b, f"{path}{name}.")
        elif first != second:
            found.append((f"{path}{name}", first, second))
    return found


def _opened(value: object) -> Mapping[str, Any] | None:
    if isinstance(value, list | tuple):
        return {str(number): item for number, item in enumerate(value)}
    return value if isinstance(value, Mapping) else None
