"""How images are cut: by what the model declares, what the user asks for, and what memory allows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from restore.errors import DeviceError, UsageError
from restore.plugin import ModelSpec
from restore.runtime.fitting import folded
from restore.runtime.forward import Forward, Tally
from restore.runtime.memory import Cost, budget, measure
from restore.runtime.seeding import seeded
from restore.runtime.stitching import Strip, restore_tiles
from restore.runtime.tiling import PLENTY, Grid, Span

TileSize = int | Literal["auto", "off"]
DEFAULT_HALO = 32
"""Pixels, for a model that can be given tiles and declares no receptive field."""
SMALLEST_AUTO = 32
"""Side in pixels below which no core is chosen, however large the halo."""

WIDEST = 4
"""Sides of the square that memory affords, beyond which an image is cut although its pixels are no more: a model that
computes from top to bottom keeps rows of every layer, and the square does not tell what these take in wider ones."""


class Planner:
    """Chooses tiles for a model.

    Args:
        forward: the model.
        spec: what it declares.
        tile: ``auto``, ``off``, or the side of a tile in input pixels, without its halo.

    Raises:
        UsageError: a tile that is no size, or one for a model that cannot be given tiles.
    """

    def __init__(self, forward: Forward, spec: ModelSpec, tile: TileSize) -> None:
        reasons = {"internal": "cuts images itself", "forbidden": "must see the whole image"}
        obstacle = "takes images of one size only" if spec.fixed_size else reasons.get(spec.tiling)
        if tile not in ("auto", "off"):
            if not isinstance(tile, int) or isinstance(tile, bool) or tile < 1:
                raise UsageError(f"the tile is {tile!r}", "give a number of pixels, auto, or off")
            if obstacle:
                raise UsageError(f"{spec.name} {obstacle}, so it takes no tile size", "leave it out (tile auto)")
        reach = DEFAULT_HALO if spec.receptive_field is None else spec.receptive_field // 2
        self.halo = math.ceil(reach / spec.multiple_of) * spec.multiple_of
        """Pixels that tiles overlap on each side."""
        self._forward = forward
        self._spec = spec
        whole = obstacle or (spec.tiling == "discouraged" and tile == "auto")
        self._tile: TileSize = "off" if whole else tile
        self._costs: dict[tuple[int, bool], Cost] = {}

    def grid(self, strip: Strip) -> Grid:
        """Return how photos are cut."""
        height, width = strip.photo.height, strip.photo.width
        side: int | None
        if self._tile == "off":
            side = None
        elif self._tile != "auto":
            side = self._tile
        elif height * width <= PLENTY**2:
            side = PLENTY  # one tile, without asking
        else:
            affordable = self._affordable_side(strip)
            fits = height * width <= affordable**2 and width <= WIDEST * affordable
            # A number even where one tile is all: lack of memory can halve it.
            side = max(height, width) if fits else max(SMALLEST_AUTO, affordable - 2 * self.halo)
        return self._grid(height, width, side)

    def _grid(self, height: int, width: int, side: int | None) -> Grid:
        step, least = self._spec.multiple_of, self._spec.min_size
        return Grid(height=height, width=width, side=side, halo=self.halo, step=step, least=least)

    def _affordable_side(self, strip: Strip) -> int:
        """Return the side of a region for which memory suffices; what a corner costs is measured once."""
        key = (strip.photo.channels, strip.photo.alpha is None)
        if key not in self._costs:

            def run(side: int) -> None:
                whole = self._grid(side, side, None)
                restore_tiles(self._forward, _corner(strip, side), whole, Tally(), None)

            step = self._spec.multiple_of
            small = math.ceil(max(64, self._spec.min_size) / step) * step
            large = small + math.ceil(32 / step) * step
            try:
                with seeded(0, self._forward.device):  # it draws nothing from the caller's generator
                    self._costs[key] = measure(run, small, large)
            except (DeviceError, ImportError):
                return PLENTY
        return self._costs[key].side(budget(self._forward.device) // sum(strip.counts))


def _corner(strip: Strip, side: int) -> Strip:
    """Return a square of the first image, mirrored where that is smaller; if masked, half is missing."""
    photo = strip.photo
    y, x = (folded(Span(0, side), length).numpy() for length in (photo.height, photo.width))
    cut = np.ix_(np.arange(1), y, x)
    alpha = None if photo.alpha is None else photo.alpha[cut]
    hole = None if strip.holes[0] is None else torch.ones(1, 1, side, side, dtype=torch.bool).tril()
    return replace(strip, photos=[replace(photo, pixels=photo.pixels[cut], alpha=alpha)], holes=[hole])
