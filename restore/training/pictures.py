"""What a recipe has learnt so far, to look at: one sheet of small images now and then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.errors import PluginError
from restore.images.arrays import from_torch
from restore.images.save import save

FOLDER = "pictures"
"""Of the run folder."""
MOST = 50
"""Pictures of a run, so that a long one leaves no thousands of files."""
GAP = 4
"""White pixels between two images."""


def is_due(step: int, steps: int, every: int) -> bool:
    """Whether a validation at a step comes with a picture: all do, or evenly spaced ones and the last of more than 50.

    Args:
        step: of the validation.
        steps: of the run.
        every: steps from one validation to the next.
    """
    return step == steps or step // every % math.ceil(steps / every / MOST) == 0


def sheet(images: Mapping[str, Tensor]) -> Tensor:
    """Lay images out on white: several kinds as columns, one row an image; one kind alone as a grid.

    Args:
        images: by kind, float ``(B, C, H, W)`` in [0, 1] with 1 or 3 channels; all with one B and of one size.

    Returns:
        uint8 ``(3, H, W)``.

    Raises:
        PluginError: images of other shapes, or numbers that are not finite.
    """
    shapes = {tuple(batch.shape[:1] + batch.shape[2:]) for batch in images.values()}
    channels = {batch.shape[1] for batch in images.values() if batch.ndim == 4}
    if len(shapes) != 1 or any(len(shape) != 3 for shape in shapes) or not channels <= {1, 3}:
        found = ", ".join(f"{kind} {tuple(batch.shape)}" for kind, batch in images.items())
        raise PluginError(
            f"a recipe's pictures have the shapes {found}", "return (B, 1 or 3, H, W), with one B, H and W for all"
        )
    kinds = [batch.detach().float().cpu().expand(-1, 3, -1, -1) for batch in images.values()]
    ordered = torch.stack(kinds, dim=1).flatten(0, 1)  # (B * kinds, 3, H, W), row by row
    if not ordered.isfinite().all():
        raise PluginError("a recipe's pictures hold numbers that are not finite")
    columns = len(kinds) if len(kinds) > 1 else math.ceil(math.sqrt(len(ordered)))
    ordered = F.pad(ordered, (0, GAP, 0, GAP), value=1.0)
    ordered = F.pad(ordered, (0, 0, 0, 0, 0, 0, 0, -len(ordered) % columns), value=1.0)
    placed = ordered.view(-1, columns, *ordered.shape[1:])
    rows = placed.permute(2, 0, 3, 1, 4).flatten(3, 4).flatten(1, 2)
    return rows[:, :-GAP, :-GAP].clamp(0, 1).mul(255).round().to(torch.uint8)


def write(folder: Path, step: int, drawn: Tensor) -> Path:
    """Write a sheet, uint8 ``(3, H, W)``, as ``pictures/000200.png`` of the run folder, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    return save(from_torch(drawn), folder / FOLDER / f"{step:06d}.png", overwrite=True)
