"""What a component has to tell beside its result: warnings that reach whoever asked for it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass


class RestoreWarning(UserWarning):
    """A result that is there and should be looked at twice."""


@dataclass(frozen=True)
class Notice:
    """What was told."""

    text: str
    row: int | None
    """Number of the image in the batch that it is about, from 0 on; None: of any of them."""

    def concerns(self, rows: range) -> bool:
        """Whether it is about one of these images."""
        return self.row is None or self.row in rows


_told: ContextVar[list[Notice] | None] = ContextVar("restore-notices", default=None)
_first: ContextVar[int] = ContextVar("restore-notices-first", default=0)


def warn(message: str, cure: str = "", *, row: int | None = None) -> None:
    """Tell of something that is no error: what it is and what helps.

    The runtime puts it into the report of the image that is worked on. Where nobody listens it is a RestoreWarning of
    the standard library's ``warnings``.

    Args:
        message: what it is.
        cure: what helps.
        row: number of the image in the batch that it is about, from 0 on; None: all of them, or the only one.
    """
    text = f"{message}; {cure}" if cure else message
    told = _told.get()
    if told is not None:
        told.append(Notice(text, None if row is None else _first.get() + row))
    else:
        place = "" if row is None else f"image {row + 1} of the batch: "
        warnings.warn(f"{place}{text}", RestoreWarning, stacklevel=2)


@contextlib.contextmanager
def listening() -> Iterator[list[Notice]]:
    """Collect what is told during a block, in this thread alone."""
    told: list[Notice] = []
    tokens = _told.set(told), _first.set(0)
    try:
        yield told
    finally:
        _told.reset(tokens[0])
        _first.reset(tokens[1])


@contextlib.contextmanager
def rows_from(first: int) -> Iterator[None]:
    """Count images from ``first`` on during a block, in which a model sees a part of a batch."""
    token = _first.set(_first.get() + first)
    try:
        yield
    finally:
        _first.reset(token)
