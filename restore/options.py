"""Options of a component: the keyword arguments of its factory, read from text and checked."""

from __future__ import annotations

import difflib
import functools
import inspect
import keyword
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from restore.errors import UsageError
from restore.values import convert, type_name

Factory = Callable[..., Any]
ANOTHER = re.compile(r",(?=\s*[A-Za-z_][\w-]*\s*=)")
"""Between two pairs in one text."""
_BETWEEN_OPTIONS = re.compile(r",(?!\s*[-+]?\.?\d[-+.\deE\s]*(?:,|$))")
"""A comma, unless a number stands between it and the next one."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option as ``restore info`` explains it."""

    name: str
    type: str
    default: Any
    required: bool
    description: str


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Split ``name:key=value,key=value`` into the name and its options, still text.

    ``distribution:name`` is a qualified name: only what holds an ``=`` is an option. A number that follows a comma
    belongs to the option before it: ``box=8,16,64,64``. Raises UsageError.
    """
    text = text.strip()
    before, equals, after = text.partition("=")
    head, colon, key = before.rpartition(":")
    if not equals or not colon:
        return text, {}
    return head.strip(), parse_pairs(_BETWEEN_OPTIONS.split(f"{key}={after}"))


def parse_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Turn ``["key=value", ...]`` into a dictionary; a text may hold several, ``key=value,key=value``.

    What follows a colon belongs to the component before it: ``prior=dcgan-faces:width=64,latent=100`` is one pair.

    Raises:
        UsageError: a part without ``=``, or one key twice.
    """
    options: dict[str, str] = {}
    for pair in (one for text in pairs for one in _apart(text)):
        key, equals, value = pair.partition("=")
        name = key.strip().replace("-", "_")
        if not equals or not name:
            raise UsageError(f"{pair!r} is not an option", "write key=value, for example scale=4")
        if name in options:
            raise UsageError(f"the option {name!r} is given twice", f"{options[name]!r} and {value.strip()!r}")
        options[name] = value.strip()
    return options


def _apart(text: str) -> list[str]:
    before, colon, rest = text.partition(":")
    *whole, last = ANOTHER.split(before)
    return [*whole, f"{last}{colon}{rest}"]


def take_weights(options: dict[str, Any], beside: Any = None) -> Any:
    """Take the weights file out of a model's options, where ``weights=FILE`` is written among them.

    Args:
        options: of a model; ``weights`` is removed.
        beside: a file that was named apart from them, or None.

    Returns:
        The file, or None if none is named.

    Raises:
        UsageError: one is named in both places.
    """
    among = options.pop("weights", None)
    if among is not None and beside is not None:
        raise UsageError(f"two weights files are named, {among} and {beside}", "leave one of them out")
    return beside if among is None else among


def signature(factory: Factory) -> dict[str, inspect.Parameter]:
    """Return the options of a factory: its keyword parameters, with annotations resolved to types.

    - A parameter whose name Python reserves, ``from_``, is the option ``from``.
    - A class whose ``__init__`` takes ``**options`` passes them to its base, whose options are then its own too, but
      for those without a default, which it must give itself.
    - A compiled factory that does not tell its signature has none.
    """
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found: dict[str, inspect.Parameter] = {}
    for asked in _asked(factory):
        for name, parameter in inspect.signature(asked).parameters.items():
            given = asked is not factory and parameter.default is parameter.empty
            if parameter.kind in named and not given:
                resolved = parameter.replace(annotation=_resolved(parameter.annotation, asked))
                found.setdefault(written(name), resolved)
    return found


def _asked(factory: Factory) -> Iterator[Factory]:
    """Yield a factory and, of a class, its bases as long as ``**options`` are passed on."""
    line: tuple[type, ...] = factory.__mro__[1:-1] if inspect.isclass(factory) else ()
    bases: list[Factory] = [base for base in line if "__init__" in vars(base)]
    for asked in (factory, *bases):
        try:
            taken = inspect.signature(asked).parameters.values()
        except ValueError:
            return
        yield asked
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in taken):
            return


def written(name: str) -> str:
    """Return how people write a parameter: ``from_``, as Python has to, is ``from``."""
    plain = name.removesuffix("_")
    return plain if keyword.iskeyword(plain) else name


def parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked options as what a factory is called with: ``from`` is ``from_``."""
    return {f"{name}_" if keyword.iskeyword(name) else name: value for name, value in options.items()}


def _resolved(annotation: Any, factory: Factory) -> Any:
    """Turn the text of an annotation into a type; one that cannot be resolved leaves the others alone."""
    if not isinstance(annotation, str):
        return annotation
    function: Any = factory.func if isinstance(factory, functools.partial) else factory
    function = function.__init__ if inspect.isclass(function) else function
    names = getattr(inspect.unwrap(function), "__globals__", {})
    holder = types.SimpleNamespace(__annotations__={"value": annotation})
    try:
        return typing.get_type_hints(holder, globalns=names)["value"]
    except (NameError, TypeError, AttributeError, SyntaxError):
        return Any


def describe(factory: Factory) -> list[Option]:
    """Return the options of a factory with what its docstring says of them."""
    described: dict[str, str] = {}
    for asked in reversed([*_asked(factory)]):
        described |= {**_arguments(asked), **_arguments(getattr(asked, "__init__", None))}
    return [
        Option(
            name=name,
            type=type_name(parameter.annotation),
            default=None if parameter.default is parameter.empty else parameter.default,
            required=parameter.default is parameter.empty,
            description=described.get(name, ""),
        )
        for name, parameter in signature(factory).items()
    ]


def _arguments(documented: object) -> dict[str, str]:
    """Return the ``Args`` section of a docstring: name -> description, on one line."""
    lines = (inspect.getdoc(documented) or "").splitlines()
    if "Args:" not in lines:
        return {}
    found: dict[str, str] = {}
    name, indent = "", None
    for line in lines[lines.index("Args:") + 1 :]:
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth == 0:
            break
        indent = depth if indent is None else indent
        head, colon, rest = line.strip().partition(":")
        if colon and depth == indent:
            name = written(head.split(" ")[0])
            found[name] = rest.strip()
        elif name and line.strip():
            found[name] += " " + line.strip()
    return found


def check(name: str, factory: Factory, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options converted to the types that the factory declares.

    Args:
        name: the component, for messages.
        factory: what will be called with them.
        given: values of the right type, or text.

    Raises:
        UsageError: an unknown option, a value of the wrong type, or a required option that is absent.
    """
    checked = converted(name, factory, given)
    absent = [k for k, p in signature(factory).items() if p.default is p.empty and k not in checked]
    if absent:
        raise UsageError(f"{name} needs the option {absent[0]!r}", f"write {name}:{absent[0]}=...")
    return checked


def converted(name: str, factory: Factory, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as ``check`` does, and miss none that is absent. Raises UsageError."""
    known = signature(factory)
    checked = {}
    for name_given, value in given.items():
        key = written(name_given)
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            listed = ", ".join(known) or "none"
            swallowed = (
                f"; all that stands behind {name}: belongs to it, so that options of another stand before it, or in a "
                "--set of their own"
            )
            later = isinstance(value, str) and name_given != next(iter(given))
            raise UsageError(
                f"{name} has no option {key!r}", f"{hint}its options are: {listed}{swallowed if later else ''}"
            )
        try:
            checked[key] = convert(value, known[key].annotation)
        except ValueError as error:
            meaning = next((o.description for o in describe(factory) if o.name == key), "")
            cure = f"{key}: {meaning.replace('``', '')}" if meaning else ""
            raise UsageError(f"{name}: option {key} {error}", cure) from None
    return checked
