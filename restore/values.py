"""Values read from text as the type that an annotation names."""

from __future__ import annotations

import difflib
import inspect
import math
import operator
import re
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_NONE = ("none", "")
_WORDS: Mapping[Any, str] = {str: "text", Path: "path"}
_ONE: Mapping[Any, str] = {int: "a whole number", float: "a number", bool: "true or false"}
_SEVERAL: Mapping[Any, str] = {int: "whole numbers", float: "numbers"}
_EAGERNESS: Mapping[Any, int] = {types.NoneType: 0, int: 1, float: 2, bool: 3, str: 5}


def convert(value: Any, annotation: Any) -> Any:
    """Return ``value``, which may be text, as the annotated type.

    Raises:
        ValueError: it cannot be; the message says what it must be.
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in (inspect.Parameter.empty, Any):
        return value
    if origin in (Union, types.UnionType):
        return _convert_union(value, annotation, args)
    if origin is Literal:
        return _convert_literal(value, annotation, args)
    if origin in (tuple, list, Sequence) and args:
        return _convert_sequence(value, annotation, list if origin is list else tuple, args)
    if annotation in (None, types.NoneType):
        if value is None or (isinstance(value, str) and value.lower() in _NONE):
            return None
        raise _unfit(value, annotation)
    if annotation is bool:
        return _convert_bool(value)
    if annotation in (int, float):
        return _convert_number(value, annotation)
    if annotation is Path and isinstance(value, str):
        return Path(value)
    if inspect.isclass(annotation) and not _is_instance(value, annotation):
        raise _unfit(value, annotation)
    return value


def _unfit(value: Any, annotation: Any) -> ValueError:
    return ValueError(f"must be {_wanted(annotation)}, not {value!r}")


def _wanted(annotation: Any) -> str:
    """Return what a value must be, for a message: ``4 whole numbers joined by commas, or none``."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        several = any(get_origin(arg) in (tuple, list, Sequence) for arg in args)
        return (", or " if several else " or ").join(_wanted(arg) for arg in args)
    if origin in (tuple, list, Sequence) and args:
        kinds = {arg for arg in args if arg is not Ellipsis}
        items = _SEVERAL.get(args[0], "values") if len(kinds) == 1 else "values"
        joined = f"{items} joined by {'+' if items == 'values' else 'commas'}"
        return joined if _is_variadic(annotation) else f"{len(args)} {joined}"
    return _ONE.get(annotation) or type_name(annotation)


def _is_variadic(annotation: Any) -> bool:
    """Whether a sequence may have any length."""
    return get_origin(annotation) is not tuple or get_args(annotation)[-1:] == (Ellipsis,)


def _is_instance(value: Any, annotation: type) -> bool:
    try:
        return isinstance(value, annotation)
    except TypeError:  # a protocol that cannot be checked at run time
        return True


def _convert_union(value: Any, annotation: Any, choices: tuple[Any, ...]) -> Any:
    if value == "" and str in choices:
        return value  # an empty text may be a slip, which the component tells; none is written out
    for choice in sorted(choices, key=lambda c: _EAGERNESS.get(c, 4)):
        try:
            return convert(value, choice)
        except ValueError:
            continue
    raise _unfit(value, annotation)


def _convert_literal(value: Any, annotation: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if (type(value) is type(choice) and value == choice) or value == str(choice):
            return choice
    if None in choices and isinstance(value, str) and value.lower() in _NONE:
        return None
    near = difflib.get_close_matches(str(value), [str(choice) for choice in choices], 1)
    raise ValueError(str(_unfit(value, annotation)) + (f"; did you mean {near[0]!r}?" if near else ""))


def _convert_sequence(value: Any, annotation: Any, kind: type, args: tuple[Any, ...]) -> Any:
    given = value
    if isinstance(value, str):
        # 64x48 is how people write a size, and 8,16,64,64 a box; in text, an x is a letter and a comma a comma.
        value = (value if str in args else re.sub(r"(?<=\d)(?:x(?=\d)|,\s*)", "+", value)).split("+")
    parts = list(value) if isinstance(value, list | tuple) else [value]
    wanted = [args[0]] * len(parts) if _is_variadic(annotation) else list(args)
    if len(wanted) != len(parts):
        raise _unfit(given, annotation)
    try:
        return kind(convert(part, item) for part, item in zip(parts, wanted, strict=True))
    except ValueError:
        raise _unfit(given, annotation) from None


def _convert_bool(value: Any) -> bool:
    word = value.lower() if isinstance(value, str) else value
    if word is True or word in _TRUE:
        return True
    if word is False or word in _FALSE:
        return False
    raise _unfit(value, bool)


def _convert_number(value: Any, kind: type[int] | type[float]) -> int | float:
    if isinstance(value, bool):
        raise _unfit(value, kind)
    try:
        # int() would cut 2.5 to 2; index() takes whole numbers of any library and nothing else.
        number = operator.index(value) if kind is int and not isinstance(value, str) else kind(value)
    except (TypeError, ValueError, OverflowError):
        raise _unfit(value, kind) from None
    if math.isnan(number):
        raise _unfit(value, kind)
    return number


def as_text(value: Any) -> str:
    """Return a value as people write it on the command line; ``convert`` reads it back."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return "+".join(as_text(item) for item in value) if isinstance(value, tuple | list) else str(value)


def as_json(value: Any) -> Any:
    """Return a value as JSON has it: sequences as lists, what JSON lacks, infinity included, as ``as_text`` does."""
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    known = isinstance(value, bool | int | str | None) or (isinstance(value, float) and math.isfinite(value))
    return value if known else as_text(value)


def type_name(annotation: Any) -> str:
    """Return how people write a type: ``int``, ``reflect | zero``, ``int+int``, ``float | none``."""
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in (inspect.Parameter.empty, Any):
        return "any"
    if annotation in (None, types.NoneType):
        return "none"
    if origin in (Union, types.UnionType):
        return " | ".join(type_name(arg) for arg in args)
    if origin is Literal:
        return " | ".join(str(arg).lower() if arg is None else str(arg) for arg in args)
    if args and (origin in (list, Sequence) or (origin is tuple and args[-1:] == (Ellipsis,))):
        return f"{type_name(args[0])}+..."
    if origin is tuple:
        return "+".join(type_name(arg) for arg in args)
    return _WORDS.get(annotation) or str(getattr(annotation, "__name__", annotation))
