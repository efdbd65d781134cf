"""Tiles: equal regions of an image that overlap by a halo, and the cores that they are responsible for.

No region is smaller than the others. At the border of the image it reaches farther inside instead, so that
all have one shape, and a network's padding falls where it falls for the whole image.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

PLENTY = 144
"""Side of the smallest region that is cut from choice. torch convolves an input of at most 20480 numbers by
another algorithm, whose sums differ in the last bit; 144 x 144 pixels are more, in however few channels."""
SMALLEST = 16
"""Side of a core that lack of memory does not cut any further."""


@dataclass(frozen=True)
class Span:
    """A stretch of rows or columns, ``start`` to ``stop``."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many rows or columns."""
        return self.stop - self.start


Box = tuple[Span, Span]
"""Rows and columns."""


@dataclass(frozen=True)
class Tile:
    """A region that a model sees, and the core of it that is kept."""

    core: Box
    region: Box

    @property
    def pixels(self) -> int:
        """How many pixels the model sees."""
        rows, columns = self.region
        return rows.length * columns.length


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How an image is cut. Regions may reach beyond it, below and to the right, where a model needs more.

    Args:
        height: of the image.
        width: of the image.
        side: of the largest core; None: the image is not cut.
        halo: pixels that a model must see beyond a core; a multiple of ``step``.
        step: cores and regions start and end at multiples of this.
        least: smallest side of a region.
    """

    height: int
    width: int
    side: int | None = None
    halo: int = 0
    step: int = 1
    least: int = 1

    def cover(self) -> list[Tile]:
        """Return tiles whose cores cover the image; one where its halo would reach over the image anyway."""
        whole = (Span(0, self._up(self.height)), Span(0, self._up(self.width)))
        height, width = self._padded(self.height), self._padded(self.width)
        if self.side is None:
            return [Tile(core=whole, region=(Span(0, height), Span(0, width)))]
        # Of a thin image a region is longer, so that its pixels are as many.
        floors = [max(self.least, PLENTY, math.ceil(PLENTY**2 / other)) for other in (width, height)]
        return self._tiles(whole, self.side, *floors)

    def halves(self, tile: Tile) -> list[Tile]:
        """Return tiles, about half as large on a side, that cover this one; none if it is minimal."""
        longest = max(span.length for span in tile.core)
        if self.side is None or longest <= SMALLEST:
            return []
        halves = self._tiles(tile.core, math.ceil(longest / 2), self.least, self.least)
        return halves if halves[0].pixels < tile.pixels else []

    def _up(self, length: int) -> int:
        return math.ceil(length / self.step) * self.step

    def _padded(self, length: int) -> int:
        return self._up(max(length, self.least))

    def _tiles(self, box: Box, side: int, tall: int, wide: int) -> list[Tile]:
        """Cover a box with cores of a side, in regions at least so tall and wide."""
        rows = self._cut(box[0], side, tall, self._padded(self.height))
        columns = self._cut(box[1], side, wide, self._padded(self.width))
        return [
            Tile(core=(core_y, core_x), region=(region_y, region_x))
            for (core_y, region_y), (core_x, region_x) in itertools.product(rows, columns)
        ]

    def _cut(self, span: Span, side: int, floor: int, end: int) -> list[tuple[Span, Span]]:
        """Cut a span into nearly equal cores, in regions of one length, at least ``floor``."""
        halo, floor = self.halo, self._up(floor)
        units = span.length // self.step
        parts = math.ceil(units / max(1, max(side, floor - 2 * halo) // self.step))
        reach = max(math.ceil(units / parts) * self.step + 2 * halo, floor)
        if reach >= end:
            return [(span, Span(0, end))]
        places = [span.start + i * units // parts * self.step for i in range(parts + 1)]
        cut = []
        for start, stop in itertools.pairwise(places):
            first = min(max(start - halo, 0), end - reach)
            cut.append((Span(start, stop), Span(first, first + reach)))
        return cut
