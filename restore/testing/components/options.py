"""The options of a component: typed, and readable where people write them."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restore import options
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.subject import Subject
from restore.values import convert, type_name


@check("every option has a type, and a default of that type")
def options_are_typed(subject: Subject) -> None:
    """Look at the annotation and convert the default to it."""
    factory = subject.factory()
    written = _annotations(factory)
    for name, parameter in options.signature(factory).items():
        kind = parameter.annotation
        require(
            kind is not inspect.Parameter.empty,
            expected=f"the option {name!r} has a type annotation",
            found="none, so 4 on the command line stays the text '4'",
            cure=f"annotate it: {name}: int = ..., or bool, float, str, Path, Literal[...], tuple[float, ...]",
        )
        require(
            kind is not Any or written.get(name) in (Any, "Any", "typing.Any"),
            expected=f"the annotation of {name!r} can be resolved",
            found=f"{written.get(name)!r}, which names nothing in the factory's module",
            cure="import the type at the top of the module, not below TYPE_CHECKING",
        )
        if parameter.default is parameter.empty:
            continue
        try:
            converted = convert(parameter.default, kind)
        except ValueError as error:
            raise CheckFailed(
                f"the default of {name!r} is {type_name(kind)}", str(error), "change the default or the annotation"
            ) from error
        require(
            _same(converted, parameter.default),
            expected=f"the default of {name!r} is {type_name(kind)}",
            found=f"{parameter.default!r}, which becomes {converted!r} when it is given",
            cure=f"write the default as {converted!r}",
        )


@check("its defaults survive a TOML file")
def options_survive_toml(subject: Subject) -> None:
    """Write the defaults as TOML, read them, and convert them as options are."""
    factory = subject.factory()
    defaults = {
        name: parameter.default
        for name, parameter in options.signature(factory).items()
        if parameter.default is not parameter.empty and parameter.default is not None  # TOML leaves out what is none
    }
    if not defaults:
        raise Inapplicable("it has no option with a default")
    for name, default in defaults.items():
        try:
            text = f"{json.dumps(name)} = {_toml(default)}\n"
        except TypeError as error:
            raise CheckFailed(
                f"the default of {name!r} can be written in a TOML file", str(error),
                "take words, Literal[...], and make the object of the word; or None for what code alone can give",
            ) from error  # fmt: skip
        read = tomllib.loads(text)
        # Those that are required are not written; each default is converted by itself.
        converted = {name: convert(read[name], options.signature(factory)[name].annotation)}
        require(
            _same(converted[name], default),
            expected=f"the default of {name!r} is read as it was written",
            found=f"{default!r} was written as {text.strip()} and read as {converted[name]!r}",
            cure="annotate it with the type of the default",
        )


def _annotations(factory: options.Factory) -> dict[str, Any]:
    """Return the annotations as they stand in the source, unresolved."""
    return {name: parameter.annotation for name, parameter in inspect.signature(factory).parameters.items()}


def _same(first: Any, second: Any) -> bool:
    """Tell whether two values are equal, and the same kind of thing: 1 is 1.0, and True is not 1."""
    return bool(first == second) and isinstance(first, bool) == isinstance(second, bool)


def _toml(value: Any) -> str:
    """Return a value as TOML writes it. Raises TypeError for one that TOML has no word for."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if type(value) in (int, float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items()) + "}"
    raise TypeError(f"{value!r} is a {type(value).__name__}, for which TOML has no word")
