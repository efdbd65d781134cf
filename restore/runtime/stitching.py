"""Tile by tile through the model and onto canvases; where memory does not suffice, by smaller tiles."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from restore.errors import DeviceError, PluginError
from restore.images import Canvas, Photo
from restore.plugin import ModelSpec
from restore.runtime.alpha import enlarged
from restore.runtime.fitting import folded, from_model, keeps_known, read, to_model
from restore.runtime.forward import Forward, OutOfMemoryError, Tally
from restore.runtime.tiling import Box, Grid, Span, Tile

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True)
class Strip:
    """Photos of one height, width and number of channels that go through the model together.

    Args:
        photos: at least one.
        holes: of each photo ``(B, 1, H, W)``, true where a pixel is missing; or None for each.
        spec: of the model.
        scale: output side over input side.
    """

    photos: Sequence[Photo]
    holes: Sequence[Tensor | None]
    spec: ModelSpec
    scale: int

    @property
    def photo(self) -> Photo:
        """The first photo, whose shape is that of all."""
        return self.photos[0]

    @property
    def counts(self) -> list[int]:
        """How many images each photo holds."""
        return [photo.batch for photo in self.photos]

    def observed(self, region: Box) -> tuple[Tensor, Tensor | None]:
        """Return what the model sees of a region; to one that fills holes, missing pixels are black."""
        image = torch.cat([read(photo, region) for photo in self.photos])
        image = to_model(image, self.spec.channels)
        y, x = folded(region[0], self.photo.height), folded(region[1], self.photo.width)
        masks = [hole.index_select(2, y).index_select(3, x) for hole in self.holes if hole is not None]
        if not masks:
            return image, None
        mask = torch.cat(masks).float()
        mask = mask.repeat_interleave(len(image) // len(mask), 0)
        return (image * (1 - mask) if self.spec.task == "inpainting" else image), mask


def restore_tiles(forward: Forward, strip: Strip, grid: Grid, tally: Tally, progress: Progress | None) -> list[Photo]:
    """Restore photos tile by tile.

    Args:
        forward: the model.
        strip: the photos.
        grid: how they are cut.
        tally: where tiles, redone passes and lack of memory are counted.
        progress: told about finished tiles.

    Raises:
        DeviceError: memory does not suffice for the smallest tile, or for the whole image if that is needed.
        PluginError: a result that is not finite, or of an impossible shape.
    """
    canvases: list[Canvas] = []
    tiles = deque(grid.cover())
    limit = math.inf
    while tiles:
        tile = tiles.popleft()
        if tile.pixels >= limit:
            smaller = grid.halves(tile)
            if not smaller:
                raise _too_large(strip, forward, grid, tile)
            tiles.extendleft(reversed(smaller))
            continue
        try:
            output = forward(*strip.observed(tile.region), tally)
        except OutOfMemoryError:
            limit = tile.pixels
            tiles.appendleft(tile)
            continue
        tally.tiles += 1
        output = from_model(output, strip.photo.channels, strip.spec.channels)
        if not torch.isfinite(output).all():
            raise PluginError(
                f"what {strip.spec.name} made of {strip.photo.name} holds values that are not finite",
                "this is a defect of the model, or its weights are damaged: restore weights verify",
            )
        canvases = canvases or [photo.canvas(strip.scale, channels=output.shape[1]) for photo in strip.photos]
        _write(canvases, strip, tile, output)
        if progress is not None:
            progress(tally.tiles, tally.tiles + len(tiles))
    for canvas, hole in zip(canvases, strip.holes, strict=True):
        if hole is not None and keeps_known(strip.spec):
            canvas.keep(~hole[:, 0].numpy())
    return [canvas.photo() for canvas in canvases]


def _write(canvases: Sequence[Canvas], strip: Strip, tile: Tile, output: Tensor) -> None:
    """Write the core of what was made of a region, less what lies beyond the photos."""
    scale = strip.scale
    sides = (strip.photo.height, strip.photo.width)
    rows, columns = (Span(core.start, min(core.stop, side)) for core, side in zip(tile.core, sides, strict=True))
    top, left = ((core.start - region.start) * scale for core, region in zip(tile.core, tile.region, strict=True))
    inside = output[..., top : top + rows.length * scale, left : left + columns.length * scale]
    for canvas, photo, part in zip(canvases, strip.photos, inside.split_with_sizes(strip.counts), strict=True):
        alpha = enlarged(photo, (rows, columns), scale)
        canvas.write(rows.start * scale, columns.start * scale, part, alpha, straight=True)


def _too_large(strip: Strip, forward: Forward, grid: Grid, tile: Tile) -> DeviceError:
    photo = strip.photo
    height, width = (span.length for span in tile.region)
    what = "the whole image at once" if grid.side is None else f"even a tile of {width} x {height}"
    tiling = "" if grid.side is not None or strip.spec.fixed_size else strip.spec.tiling
    cut = {"exact": "--tile auto, ", "approximate": "--tile auto, ", "discouraged": "--tile 512, "}.get(tiling, "")
    return DeviceError(
        f"{strip.spec.name} ran out of memory on {forward.device} for {photo.name} "
        f"({photo.width} x {photo.height}): {what} is too much",
        f"{cut}a smaller image, --device cpu, or --precision bfloat16",
    )
