"""What a component has to tell beside its result: warnings that reach whoever asked for it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextvars import ContextVar


class RestoreWarning(UserWarning):
    """A result that is there and should be looked at twice."""


_told: ContextVar[list[str] | None] = ContextVar("restore-notices", default=None)


def warn(message: str, cure: str = "") -> None:
    """Tell of something that is no error: what it is and what helps.

    The runtime puts it into the report of the image that is worked on. Where nobody listens it is a RestoreWarning of
    the standard library's ``warnings``.
    """
    text = f"{message}; {cure}" if cure else message
    told = _told.get()
    if told is None:
        warnings.warn(text, RestoreWarning, stacklevel=2)
    else:
        told.append(text)


@contextlib.contextmanager
def listening() -> Iterator[list[str]]:
    """Collect what is told during a block, in this thread alone."""
    told: list[str] = []
    token = _told.set(told)
    try:
        yield told
    finally:
        _told.reset(token)
