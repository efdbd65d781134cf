"""Tiles: cores that cover an image once, in regions of one shape that hold what a model must see."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from restore.runtime.tiling import PLENTY, SMALLEST, Grid, Span, Tile

sides = st.integers(1, 700)


@st.composite
def grids(draw):
    step = draw(st.sampled_from([1, 1, 2, 4, 7]))
    return Grid(
        height=draw(sides),
        width=draw(sides),
        side=draw(st.none() | st.integers(1, 300)),
        halo=step * draw(st.integers(0, 40)),
        step=step,
        least=draw(st.integers(1, 200)),
    )


def up(length, step):
    return -(-length // step) * step


def covered(tiles, height, width):
    """Count how often each pixel belongs to a core."""
    count = np.zeros((height, width), int)
    for tile in tiles:
        rows, columns = tile.core
        count[rows.start : rows.stop, columns.start : columns.stop] += 1
    return count


@given(grids())
def test_cores_cover_each_pixel_once(grid):
    assert (covered(grid.cover(), up(grid.height, grid.step), up(grid.width, grid.step)) == 1).all()


@given(grids())
def test_regions_hold_the_halo_and_have_one_aligned_shape(grid):
    tiles = grid.cover()
    assert len({tuple(span.length for span in tile.region) for tile in tiles}) == 1
    for tile in tiles:
        for core, region, length in zip(tile.core, tile.region, (grid.height, grid.width), strict=True):
            padded = up(max(length, grid.least), grid.step)
            assert 0 <= region.start <= max(0, core.start - grid.halo)
            assert min(padded, core.stop + grid.halo) <= region.stop <= padded
            assert region.length >= min(padded, grid.least)
            assert all(place % grid.step == 0 for place in (core.start, core.stop, region.start, region.stop))


@given(grids())
def test_no_region_is_so_small_that_torch_changes_its_algorithm(grid):
    padded = [up(max(side, grid.least), grid.step) for side in (grid.height, grid.width)]
    assert grid.cover()[0].pixels >= min(PLENTY**2, padded[0] * padded[1])
    assert PLENTY**2 > 20480


@given(grids())
def test_cores_are_as_large_as_asked(grid):
    if grid.side is None:
        assert len(grid.cover()) == 1
        return
    for tile in grid.cover():
        for core, region, other in zip(tile.core, tile.region, tile.region[::-1], strict=True):
            enough = max(grid.least, PLENTY, -(-(PLENTY**2) // other.length)) - 2 * grid.halo + grid.step
            reaches_over = region.length == region.stop and core.start == 0
            assert core.length <= max(grid.side, grid.step, enough) or reaches_over


@given(grids(), st.data())
def test_halves_cover_the_core_by_smaller_regions_until_none_are_left(grid, data):
    tile = data.draw(st.sampled_from(grid.cover()))
    for _ in range(30):
        halves = grid.halves(tile)
        if not halves:
            break
        rows, columns = tile.core
        core = covered(halves, rows.stop, columns.stop)[rows.start :, columns.start :]
        assert (core == 1).all()
        assert max(half.pixels for half in halves) < tile.pixels
        tile = data.draw(st.sampled_from(halves))
    else:
        raise AssertionError("halving never ends")


def test_a_cut_worked_out_by_hand():
    """1000 columns by cores of at most 400: three, with 10 beyond on each side, so 354 in each region."""
    tiles = Grid(height=200, width=1000, side=400, halo=10).cover()
    rows = Span(0, 200)
    assert tiles == [
        Tile(core=(rows, Span(0, 333)), region=(rows, Span(0, 354))),
        Tile(core=(rows, Span(333, 666)), region=(rows, Span(323, 677))),
        Tile(core=(rows, Span(666, 1000)), region=(rows, Span(646, 1000))),
    ]


def test_an_image_that_the_halo_would_cover_is_not_cut():
    assert len(Grid(height=180, width=180, side=100, halo=45).cover()) == 1


def test_halves_are_not_cut_below_the_smallest_core():
    tile = Tile(core=(Span(0, SMALLEST), Span(0, SMALLEST)), region=(Span(0, 20), Span(0, 20)))
    grid = Grid(height=500, width=500, side=400, halo=4)
    assert grid.halves(tile) == []
    wide = Tile(core=(Span(0, 3), Span(0, 400)), region=(Span(0, 7), Span(0, 404)))
    assert [half.core[1] for half in grid.halves(wide)] == [Span(0, 200), Span(200, 400)]


def test_what_must_be_whole_has_no_halves():
    grid = Grid(height=500, width=500)
    assert grid.halves(grid.cover()[0]) == []
