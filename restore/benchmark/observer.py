"""Who is told how far a run is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Row = dict[str, Any]


class Observer(Protocol):
    """Who wants to know how far a run is."""

    def begin(self, found: Mapping[str, Any], total: int, done: int) -> None:
        """A run begins: its protocol, data sets, models; images by models, and how many of them are done."""

    def unloadable(self, model: str, error: str) -> None:
        """A model cannot be loaded; its rows follow, each with this error."""

    def working(self, model: str, dataset: str, image: str) -> None:
        """An image is begun."""

    def finished(self, row: Row) -> None:
        """A row of scores is there."""


class Silent:
    """An observer who says nothing."""

    def begin(self, found: Mapping[str, Any], total: int, done: int) -> None:
        """Ignore it."""

    def unloadable(self, model: str, error: str) -> None:
        """Ignore it."""

    def working(self, model: str, dataset: str, image: str) -> None:
        """Ignore it."""

    def finished(self, row: Row) -> None:
        """Ignore it."""
