"""Tiles: what they make of an image, against what the model makes of the whole."""

from __future__ import annotations

from torch import Tensor

from restore import images
from restore.plugin import ModelSpec
from restore.runtime.forward import Forward, Tally, prepare
from restore.runtime.planning import Planner
from restore.runtime.seeding import seeded
from restore.runtime.stitching import Strip, restore_tiles
from restore.runtime.tiling import Grid, Tile
from restore.testing.check import Inapplicable, check, require
from restore.testing.models.showing import (
    CPU,
    NOISE,
    Size,
    built,
    channels_of,
    distance,
    holes,
    scale_of,
    side,
    told,
)
from restore.testing.pictures import pictures
from restore.testing.subject import Subject

NEARLY, AT_MOST = 0.02, 0.1
"""Mean and largest difference of an image in approximate tiles from the whole: five steps and 25 of 8 bits."""


class Quarters(Grid):
    """The cuts that the runtime makes where memory suffices neither for the whole nor for a half."""

    def cover(self) -> list[Tile]:
        """Return four tiles in a row, of which those amid it see no more than their halo; two of a large min_size."""
        (whole,) = super().cover()
        return [quarter for half in self.halves(whole) for quarter in self.halves(half) or [half]]


@check("tiles give what it makes of the whole image: exactly or nearly, as it says")
def tiles_equal_whole(subject: Subject) -> None:
    """Images that are cut in four with the runtime's halo, along each axis, at an odd size.

    One is bright but for an end of it, the other dark: tiles have neither the mean nor the extremes of the whole.
    """
    module, spec = built(subject)
    if spec.tiling not in ("exact", "approximate") or spec.fixed_size:
        reason = "takes images of one size" if spec.fixed_size else f"declares tiling={spec.tiling}"
        raise Inapplicable(f"it {reason}, so nothing is cut unless somebody asks")
    if spec.stochastic:
        raise Inapplicable("it is stochastic, and draws for tiles otherwise than for the whole")
    prepare(module, CPU)
    forward = Forward(module, spec.name, scale_of(spec), CPU, "float32")
    halo = Planner(forward, spec, "auto").halo
    for size in _sizes(spec, halo):
        whole, tiled = (_restored(forward, spec, size, grid, halo) for grid in (Grid, Quarters))
        if spec.tiling == "exact":
            require(
                distance(tiled, whole) <= NOISE,
                expected=f"tiling=exact: tiles with a halo of {halo} pixels give what the whole image of {size[0]} "
                f"x {size[1]} gives, to {NOISE:g} of the range",
                found=told(tiled, whole),
                cure="declare the receptive_field that the model has (see the check receptive-field), its multiple_of, "
                "or tiling=approximate or forbidden if it looks at the whole image",
            )
        else:
            gap = (tiled - whole).abs()
            mean, largest = float(gap.mean()), float(gap.max())
            require(
                mean <= NEARLY and largest <= AT_MOST,
                expected=f"tiling=approximate: tiles with a halo of {halo} pixels differ from the whole image of "
                f"{size[0]} x {size[1]} by at most {NEARLY} in the mean and {AT_MOST} anywhere",
                found=f"{mean:.3g} in the mean: {told(tiled, whole)}",
                cure="declare a larger receptive_field, whose half is the halo, or tiling=forbidden",
            )


def _sizes(spec: ModelSpec, halo: int) -> list[Size]:
    """Return sizes of which one side is just so long that half of it, with its halos, is smaller than it."""
    step = spec.multiple_of
    length = max(6 * halo + 4 * step, 2 * side(spec, 1)) + 33
    breadth = side(spec, 19) - (step > 1)
    return [(breadth, length), (length, breadth)] if spec.tiling == "exact" else [(breadth, length)]


def _restored(forward: Forward, spec: ModelSpec, size: Size, grid: type[Grid], halo: int) -> Tensor:
    shades = pictures(8, channels_of(spec)[0], height=size[0], width=size[1])
    order = shades.mean((1, 2, 3)).argsort()
    image = shades[order[-1:] if size[0] < size[1] else order[:1]]
    hole = holes(1, size) > 0 if spec.task == "inpainting" else None
    strip = Strip([images.load(image)], [hole], spec, forward.scale)
    uncut = side(spec, max(size))
    cut = grid(height=size[0], width=size[1], side=uncut, halo=halo, step=spec.multiple_of, least=spec.min_size)
    with seeded(0, CPU):
        (photo,) = restore_tiles(forward, strip, cut, Tally(), None)
    restored: Tensor = images.export(photo)
    return restored
