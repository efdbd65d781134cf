"""Patterns that repeat with the upscaling factor, as convolutions after a sub-pixel layer print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import InputError, UsageError
from restore_losses.checks import pair


class Checkerboard(Loss):
    """Mean over channels, cells and phases of ``|mean of the error at a phase - mean of the error|``, images in [0, 1].

    The phase of a pixel is its row and column modulo the period; a cell is a square of pixels in which means are taken.
    An error that knows nothing of the phase averages out; a grid that the network prints does not. Perceptual losses
    call for one: any fine pattern raises the features that a smooth result lacks, and the grid is the cheapest
    (Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts, Distill 2016, on where grids come from).

    Args:
        period: of the pattern in pixels: the scale of a super-resolution network.
        cell: side of a cell in pixels, a multiple of the period.

    Raises:
        UsageError: a period below 2, or a cell that is no multiple of it.
    """

    def __init__(self, period: int = 4, cell: int = 32) -> None:
        super().__init__()
        if period < 2 or cell < period or cell % period:
            raise UsageError(
                f"checkerboard has no cells of {cell} pixels for a period of {period}",
                "the period is at least 2, and the cell a multiple of it, such as period=4,cell=32",
            )
        self.period, self.cell = period, cell

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``; rows and columns beyond the last whole cell are left out.

        Raises:
            UsageError: no target.
            InputError: shapes that differ, or images smaller than a cell.
        """
        first, second = pair("checkerboard", prediction, target)
        rows, columns = (side // self.cell for side in first.shape[-2:])
        if not rows or not columns:
            raise InputError(
                f"checkerboard has cells of {self.cell} pixels, and the images are {tuple(first.shape)}",
                "use larger images or smaller cells",
            )
        height, width = rows * self.cell, columns * self.cell
        error = (first - second)[..., :height, :width]
        steps = self.cell // self.period
        parted = error.reshape(*error.shape[:2], rows, steps, self.period, columns, steps, self.period)
        means = parted.mean((3, 6))  # (B, C, rows, phase, columns, phase)
        return (means - means.mean((3, 5), keepdim=True)).abs().flatten(1).mean(1)
