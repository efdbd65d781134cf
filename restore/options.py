"""Options of a component: the keyword arguments of its factory, read from text and checked against its signature."""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from restore.errors import UsageError

Factory = Callable[..., Any]


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Split ``name:key=value,key=value`` into the name and its options, still text.

    ``distribution:name`` is a qualified name, so only a part with an ``=`` holds options. Raises UsageError.
    """
    head, colon, tail = text.strip().rpartition(":")
    if not colon or "=" not in tail:
        return text.strip(), {}
    return head, parse_pairs(tail.split(","))


def parse_pairs(pairs: typing.Iterable[str]) -> dict[str, str]:
    """Turn ``["key=value", ...]`` into a dictionary. Raises UsageError for a part without ``=``."""
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{pair!r} is not an option", "write key=value, for example scale=4")
        options[key.strip().replace("-", "_")] = value.strip()
    return options


def signature(factory: Factory) -> dict[str, inspect.Parameter]:
    """Return the options of a factory: its parameters, with annotations resolved to types."""
    target = factory.__init__ if inspect.isclass(factory) else factory  # type: ignore[misc]
    try:
        hints = typing.get_type_hints(target)
    except (NameError, TypeError):
        hints = {}
    return {
        name: parameter.replace(annotation=hints.get(name, parameter.annotation))
        for name, parameter in inspect.signature(factory).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def check(name: str, factory: Factory, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options converted to the types that the factory declares.

    Args:
        name: the component, for messages.
        factory: what will be called with them.
        given: values of the right type, or text.

    Raises:
        UsageError: an unknown option, a value of the wrong type, or a required option that is absent.
    """
    known = signature(factory)
    checked = {}
    for key, value in given.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            listed = ", ".join(known) or "none"
            raise UsageError(f"{name} has no option {key!r}", f"{hint}its options are: {listed}")
        try:
            checked[key] = convert(value, known[key].annotation)
        except ValueError as error:
            raise UsageError(f"{name}: option {key} {error}") from None
    absent = [k for k, p in known.items() if p.default is p.empty and k not in checked]
    if absent:
        raise UsageError(f"{name} needs the option {absent[0]!r}", f"write {name}:{absent[0]}=...")
    return checked


def convert(value: Any, annotation: Any) -> Any:
    """Return ``value`` as the annotated type. Raises ValueError that says what was expected."""
    if annotation in (inspect.Parameter.empty, Any):
        return value
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _convert_union(value, get_args(annotation))
    if origin is Literal:
        return _convert_literal(value, get_args(annotation))
    if origin in (tuple, list):
        return _convert_sequence(value, origin, get_args(annotation))
    if annotation is type(None):
        if value is None or value in ("none", "None", ""):
            return None
        raise ValueError(f"must be none, not {value!r}")
    if annotation is bool:
        return _convert_bool(value)
    if annotation in (int, float):
        return _convert_number(value, annotation)
    if annotation is str and not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")
    return value


def _convert_union(value: Any, choices: tuple[Any, ...]) -> Any:
    problems = []
    for choice in sorted(choices, key=lambda c: c is str):
        try:
            return convert(value, choice)
        except ValueError as error:
            problems.append(str(error))
    raise ValueError(" or ".join(problems))


def _convert_literal(value: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if value == choice or (isinstance(value, str) and value == str(choice)):
            return choice
    near = difflib.get_close_matches(str(value), [str(c) for c in choices], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"must be one of {', '.join(str(c) for c in choices)}, not {value!r}{hint}")


def _convert_sequence(value: Any, kind: type, args: tuple[Any, ...]) -> Any:
    parts = value.replace("x", "+").split("+") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        parts = [parts]
    variadic = len(args) == 2 and args[1] is Ellipsis
    item_types = [args[0]] * len(parts) if kind is list or variadic else list(args)
    if len(item_types) != len(parts):
        raise ValueError(f"must be {len(item_types)} values joined by +, not {value!r}")
    return kind(convert(part, item) for part, item in zip(parts, item_types, strict=True))


def _convert_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(f"must be true or false, not {value!r}")


def _convert_number(value: Any, kind: type[int] | type[float]) -> int | float:
    label = "a whole number" if kind is int else "a number"
    if isinstance(value, bool) or (kind is int and isinstance(value, float)):
        raise ValueError(f"must be {label}, not {value!r}")
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be {label}, not {value!r}") from None
