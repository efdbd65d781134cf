"""Locality: how far an output pixel looks, measured, against the receptive field that is declared."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from restore.contracts import Model, Observation
from restore.plugin import ModelSpec
from restore.runtime.forward import Forward
from restore.runtime.planning import Planner
from restore.runtime.seeding import seeded
from restore.testing.check import Inapplicable, check, require
from restore.testing.models.showing import (
    CPU,
    NOISE,
    ask,
    built,
    channels_of,
    holes,
    scale_of,
    side,
)
from restore.testing.subject import Subject

BEYOND = 12
"""Pixels beyond the declared field in which a farther look is measured."""
FARTHER = 60
"""Likewise where it did not end there: what reaches through these too sees the whole image."""
BREADTH = 7
"""Pixels across the strip that is looked along."""
FAINTEST = {torch.float64: 1e-13, torch.float32: NOISE}
"""Changes, in shares of the range, that are rounding and no dependence."""
FAINTEST_GRADIENT = 1e-15
"""Likewise, in shares of the largest gradient, where rounding reaches everywhere, as a Fourier transform's does.
Elsewhere a gradient is exactly zero where no path leads, and the faintest one is a path."""


@check("no output pixel depends on what is farther away than half of its receptive field")
def receptive_field(subject: Subject) -> None:
    """Pixels beyond it are redrawn, made black and made white, which must change nothing; and gradients, which show
    fainter paths, end within it.

    Along both axes, at two places of two images, in float64 where the model computes in it. What is asked for
    is what tiles need: of a model with a ``multiple_of``, that cells of that side see only so much around them.
    """
    module, spec = built(subject)
    field = spec.receptive_field
    if spec.tiling != "exact" or spec.fixed_size:
        raise Inapplicable("only exact tiling promises that nothing farther away is seen")
    assert field is not None
    halo = Planner(Forward(module, spec.name, scale_of(spec), CPU, "float32"), spec, "auto").halo
    module, dtype = _precise(subject, module, spec)
    module.requires_grad_(False)
    for axis in (3, 2):
        for seed in (0, 1):
            strip = _Strip.drawn(spec, axis, halo, seed, dtype)
            reach = _reach(module, strip, halo)
            if halo < strip.margin <= reach:
                strip = _Strip.drawn(spec, axis, halo, seed, dtype, beyond=FARTHER)
                reach = _reach(module, strip, halo)
            whole = halo < strip.margin <= reach
            grid = f" of its cell of {spec.multiple_of}" if spec.multiple_of > 1 else ""
            require(
                reach <= halo,
                expected=f"with receptive_field={field} nothing more than {halo} pixels away{grid} "
                "changes an output pixel",
                found=f"what lies {'at least ' if whole else ''}{reach} pixels away, along the "
                f"{'rows' if axis == 3 else 'columns'}, does",
                cure=f"it sees all of an image, however long (pooling, attention, instance norm, a Fourier transform, "
                f"a threshold on the mean): declare tiling=approximate or forbidden; or, if it ends beyond {reach} "
                "pixels, twice that and 1"
                if whole
                else f"declare receptive_field={2 * reach + 1}, the side of what it sees: {reach} pixels to each side "
                "and the pixel itself",
            )


@dataclass(frozen=True, kw_only=True)
class _Strip:
    """An image that is long along one axis, and the cell in it whose output is looked at."""

    seen: Observation
    others: tuple[Observation, ...]
    """Other images of the same size: noise, black, white."""
    axis: int
    start: int
    """First pixel of the cell."""
    step: int
    """Pixels of the cell."""
    margin: int
    """Pixels on each side of it."""
    scale: int

    @classmethod
    def drawn(
        cls, spec: ModelSpec, axis: int, halo: int, seed: int, dtype: torch.dtype, *, beyond: int = BEYOND
    ) -> _Strip:
        """Draw noise, whose cell lies elsewhere for another seed."""
        step = spec.multiple_of
        margin = halo + math.ceil(beyond / step) * step
        start = margin + seed * step
        length, breadth = side(spec, start + step + margin), side(spec, BREADTH)
        size = (length, breadth) if axis == 2 else (breadth, length)
        seen, other = (_noise(spec, size, 2 * seed + index, dtype) for index in (0, 1))
        known = 1 if other.mask is None else 1 - other.mask
        black, white = (
            Observation(image=torch.full_like(other.image, value) * known, mask=other.mask) for value in (0.0, 1.0)
        )
        return cls(
            seen=seen, others=(other, black, white), axis=axis, start=start, step=step, margin=margin,
            scale=scale_of(spec),
        )  # fmt: skip

    def changed(self, reach: int, other: Observation) -> Observation:
        """Return the image as it is within reach of the cell, and another beyond."""
        first, last = self.start - reach, self.start + self.step + reach

        def mixed(one: Tensor, other: Tensor) -> Tensor:
            place = torch.arange(one.shape[self.axis])
            inside = ((place >= first) & (place < last)).view(-1, *[1] * (3 - self.axis))
            return torch.where(inside, one, other)

        mask = None
        if self.seen.mask is not None and other.mask is not None:
            mask = mixed(self.seen.mask, other.mask)
        return Observation(image=mixed(self.seen.image, other.image), mask=mask)

    def cell(self, output: Tensor) -> Tensor:
        """Return what was made of the cell."""
        return output.narrow(self.axis, self.start * self.scale, self.step * self.scale)


def _noise(spec: ModelSpec, size: tuple[int, int], seed: int, dtype: torch.dtype) -> Observation:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(1, channels_of(spec)[0], *size, generator=generator, dtype=torch.float64).to(dtype)
    if spec.task != "inpainting":
        return Observation(image=image)
    mask = holes(1, size, seed=seed).to(dtype)
    return Observation(image=image * (1 - mask), mask=mask)


def _precise(subject: Subject, module: Model, spec: ModelSpec) -> tuple[Model, torch.dtype]:
    """Return the model in float64 if it computes in it, else as it is."""
    size = (side(spec, BREADTH), side(spec, BREADTH))
    try:
        output = ask(module.double(), _noise(spec, size, 0, torch.float64))
    except Exception:  # noqa: BLE001 - a tensor that stays float32, a library that knows no other type
        output = None
    if output is not None and output.dtype == torch.float64:
        return module, torch.float64
    return built(subject)[0], torch.float32


def _reach(module: Model, strip: _Strip, halo: int) -> int:
    """Return how far from the cell an input pixel lies that matters to it; at most the halo if none does beyond."""
    expected, traced = _traced(module, strip)
    faintest = FAINTEST[expected.dtype] * max(1.0, float(expected.abs().max()))

    def sees(reach: int) -> bool:
        outputs = (strip.cell(ask(module, strip.changed(reach, other))) for other in strip.others)
        return any(not float((output - expected).abs().max()) <= faintest for output in outputs)

    if not sees(halo):
        return traced
    known, unknown = halo, strip.margin
    while known < unknown:
        middle = (known + unknown) // 2
        known, unknown = (middle + 1, unknown) if sees(middle) else (known, middle)
    return max(known, traced)


def _traced(module: Model, strip: _Strip) -> tuple[Tensor, int]:
    """Return what is made of the cell, and how far from it a gradient reaches; 0 if there is none."""
    image = strip.seen.image.clone().requires_grad_(strip.seen.image.dtype == torch.float64)
    with torch.enable_grad(), seeded(0, CPU):
        output = strip.cell(module(Observation(image=image, mask=strip.seen.mask)))
        if not output.requires_grad:
            return output, 0
        weights = torch.randn(output.shape, dtype=output.dtype, generator=torch.Generator().manual_seed(0))
        (gradient,) = torch.autograd.grad((output * weights).sum(), image, allow_unused=True)
    if gradient is None:
        return output.detach(), 0
    along = gradient.abs().amax([0, 1, 5 - strip.axis])
    found = (along > (FAINTEST_GRADIENT * along.max() if along.all() else 0)).nonzero()
    if not len(found):
        return output.detach(), 0
    first, last = int(found.min()), int(found.max())
    return output.detach(), max(strip.start - first, last - (strip.start + strip.step - 1), 0)
