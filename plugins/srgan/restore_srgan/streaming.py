"""A chain of convolutions over an image from top to bottom: the bits of the whole, and little of its memory.

Rows are fed in strips. A convolution hands on the rows that are complete and keeps those that the next ones need, so
nothing is computed twice, however deep the chain. Feature maps of a whole image would be written to fresh memory and
read back by every layer; those of a strip stay in the cache.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEW = 20480
"""Numbers up to which torch convolves a float32 input by another algorithm, whose last bits differ."""


class Stage(Protocol):
    """Takes the next rows ``(B, C, n, W)``, at least one, and returns those that are complete; None: none is yet."""

    def __call__(self, rows: Tensor, last: bool) -> Tensor | None:
        """Return rows; after the last ones nothing is held back."""


class Pointwise:
    """What makes rows of each row alone: an activation, a norm of fixed statistics, a pixel shuffle."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    def __call__(self, rows: Tensor, last: bool) -> Tensor:
        """Return the function of the rows."""
        return self.function(rows)


class Convolution:
    """Stride 1, odd kernel, zeros beyond the border."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight, self.bias = weight, bias
        self.reach = weight.shape[2] // 2
        self.kept: Tensor | None = None

    def __call__(self, rows: Tensor, last: bool) -> Tensor | None:
        """Return the rows whose surroundings are known."""
        if last and self.kept is None:
            # All there are: with rows of zeros, few numbers might become more than FEW.
            return F.conv2d(rows, self.weight, self.bias, padding=self.reach)
        rows = F.pad(rows, (0, 0, self.reach, 0)) if self.kept is None else torch.cat([self.kept, rows], 2)
        if last:
            rows = F.pad(rows, (0, 0, 0, self.reach))
        elif rows.shape[2] <= 2 * self.reach or rows.numel() <= FEW:
            self.kept = rows
            return None
        # A copy, as a view would keep the whole strip.
        self.kept = rows[:, :, rows.shape[2] - 2 * self.reach :].clone()
        return F.conv2d(rows, self.weight, self.bias, padding=(0, self.reach))


class Chain:
    """One stage after the other."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = stages

    def __call__(self, rows: Tensor, last: bool) -> Tensor | None:
        """Return what comes out at the end."""
        made: Tensor | None = rows
        for stage in self.stages:
            if made is None:
                return None
            made = stage(made, last)
        return made


class Skip:
    """A stage plus its input, which waits until the stage is through with it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.waiting: deque[Tensor] = deque()

    def __call__(self, rows: Tensor, last: bool) -> Tensor | None:
        """Return the sum, in the memory of what the stage made."""
        self.waiting.append(rows)
        made = self.stage(rows, last)
        done = 0
        while made is not None and done < made.shape[2]:
            first = self.waiting.popleft()
            taken = min(first.shape[2], made.shape[2] - done)
            made[:, :, done : done + taken] += first[:, :, :taken]
            if taken < first.shape[2]:
                self.waiting.appendleft(first[:, :, taken:])
            done += taken
        return made


class Strips:
    """A stage that is fed strips of a number of pixels or a few more, as ``split`` cuts them."""

    def __init__(self, stage: Stage, pixels: int) -> None:
        self.stage, self.pixels = stage, pixels

    def __call__(self, rows: Tensor, last: bool) -> Tensor | None:
        """Return what the stage made of all strips."""
        made = list(stream(self.stage, rows, self.pixels, last=last))
        return torch.cat(made, 2) if made else None


def stream(stage: Stage, rows: Tensor, pixels: int, *, last: bool = True) -> Iterator[Tensor]:
    """Feed rows to a stage in strips, and yield what comes out, from top to bottom.

    Args:
        stage: fresh, or fed with the rows above these.
        rows: ``(B, C, H, W)``.
        pixels: of a strip, at least.
        last: whether no rows follow.
    """
    *strips, end = split(rows, pixels)
    for strip in strips:
        if (made := stage(strip, False)) is not None:
            yield made
    if (made := stage(end, last)) is not None:
        yield made


def split(rows: Tensor, pixels: int) -> Sequence[Tensor]:
    """Return strips of nearly equal height: as many as leave each a row and, together, ``pixels`` for each."""
    batch, _, height, width = rows.shape
    return rows.tensor_split(max(1, min(height, batch * height * width // pixels)), 2)


@functools.singledispatch
def streamed(module: nn.Module) -> Stage:
    """Return a fresh stage that computes what a module does in eval mode.

    Raises:
        TypeError: a module that is not registered here, or one of a kind that no stage computes.
    """
    raise TypeError(f"{module} cannot be computed row by row; register a stage for it with streamed.register")


@streamed.register
def _(module: nn.Conv2d) -> Stage:
    side = module.kernel_size[0]
    plain = (module.stride, module.dilation, module.groups, module.padding_mode) == ((1, 1), (1, 1), 1, "zeros")
    if not plain or side % 2 == 0 or module.kernel_size != (side, side) or module.padding != (side // 2, side // 2):
        raise TypeError(f"{module} is not of stride 1, with an odd square kernel and as many rows out as in")
    return Convolution(module.weight, module.bias)


@streamed.register(nn.PReLU)
@streamed.register(nn.PixelShuffle)
def _(module: nn.Module) -> Stage:
    return Pointwise(module)


@streamed.register
def _(module: nn.BatchNorm2d) -> Stage:
    if module.training or not module.track_running_stats:
        raise TypeError(f"{module} takes its statistics from all rows; call eval() before")
    return Pointwise(module)


@streamed.register
def _(module: nn.Sequential) -> Stage:
    return Chain([streamed(child) for child in module])
