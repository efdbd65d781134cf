"""The words of a call, told from what was understood of it."""

from __future__ import annotations

import click
from click.core import ParameterSource


def words(context: click.Context) -> list[str]:
    """Return the words after ``restore`` that give a command what this call gave it, wherever that came from.

    Args:
        context: of a command of ``restore`` whose options have one value, or one each time they are given.
    """
    if context.parent is None and isinstance(context.command, click.Group):
        return _given(context)
    before = words(context.parent) if context.parent is not None else []
    return [*before, str(context.command.name), *_given(context)]


def _given(context: click.Context) -> list[str]:
    options, arguments = [], []
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) in (None, ParameterSource.DEFAULT) or name not in context.params:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Argument):
            arguments.append(str(value))
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            options += parameter.opts[:1] if value else []
        else:
            # An option and its value as one word, for a value may begin with a dash.
            option = max(parameter.opts, key=len)
            options += [f"{option}={one}" for one in (value if parameter.multiple else [value])]
    return [*options, *(["--", *arguments] if arguments else [])]
