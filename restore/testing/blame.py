"""What a component raised by itself, as the failure of a check that names the exception and the line."""

from __future__ import annotations

import re
import traceback
from types import TracebackType

from restore.errors import PluginError, RestoreError
from restore.testing.check import CheckFailed


def blame(error: BaseException, expected: str, package: str) -> CheckFailed:
    """Return a failure.

    Args:
        error: what was raised.
        expected: what would have held.
        package: of the plugin; the last line of it is named, or the last of all where it has none.

    Returns:
        A failure whose cause is the error.
    """
    first = error
    while first.__cause__ is not None:
        first = first.__cause__
    place = _place(first.__traceback__, package) or _place(error.__traceback__, package)
    cure = error.cure if isinstance(error, RestoreError) else ""
    if isinstance(error, PluginError) and error.__cause__ is not None:
        cure = ""  # the registry's is for users: another version
    cure = cure or _cure(_text(first))
    failure = CheckFailed(expected, _text(first) + (f", in {place}" if place else ""), cure)
    failure.__cause__ = error
    return failure


def _cure(text: str) -> str:
    """Say how to mend what is known: a constant that did not become float64 with the rest of the component."""
    if text.startswith("RuntimeError") and re.search(r"(?i)\bdouble\b", text) and re.search(r"(?i)\bfloat\b", text):
        return (
            "the check computes in float64, and a constant did not follow: register it as a buffer, "
            "or make it with dtype=image.dtype"
        )
    return "mend it there; --debug shows the traceback"


def _place(trace: TracebackType | None, package: str) -> str:
    """Return ``module:line, function: source`` of the innermost line in the package, else of the innermost."""
    frames = list(traceback.walk_tb(trace))
    inside = [f for f in frames if f[0].f_globals.get("__name__", "").partition(".")[0] == package]
    if not frames:
        return ""
    frame, line = (inside or frames)[-1]
    summary = traceback.extract_tb(trace)[frames.index((frame, line))]
    place = f"{frame.f_globals.get('__name__', summary.filename)} line {line}, {frame.f_code.co_name}"
    return f"{place}: {summary.line}" if summary.line else place


def _text(error: BaseException) -> str:
    """Return the type and the message in one line, whatever the message holds."""
    try:
        message = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a plugin's own exception class may fail to print
        message = ""
    return f"{type(error).__name__}: {message}".rstrip(": ")
