"""A photo fitted to what a model takes: mirrored beyond its border, gray and colour exchanged."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from restore.errors import InputError, UsageError
from restore.images import Photo
from restore.plugin import ModelSpec
from restore.runtime.solid import MARGIN, solid
from restore.runtime.tiling import Box, Span


def check_size(photo: Photo, spec: ModelSpec) -> None:
    """Raise InputError where a model takes images of one size only, and this is of another."""
    if spec.fixed_size not in (None, (photo.height, photo.width)):
        height, width = spec.fixed_size
        raise InputError(
            f"{spec.name} takes images of {width} x {height} only, and {photo.name} is {photo.width} x {photo.height}",
            spec.size_cure,
        )


def check_mask(given: bool, spec: ModelSpec, name: str) -> None:
    """Raise UsageError where a model fills holes and no mask is given for an image, or changes the size and one is."""
    if not given and spec.task == "inpainting":
        raise UsageError(
            f"{spec.name} fills holes, and no mask says where {name} has any",
            "give a mask, white = missing: --mask FILE (mask= in Python), or `alpha`",
        )
    if given and spec.scale not in (None, 1):
        raise UsageError(f"{spec.name} changes the size, so that a mask has no meaning", "leave the mask out")


def keeps_known(spec: ModelSpec) -> bool:
    """Whether pixels that a mask calls known are returned as they are."""
    return spec.keeps_known or spec.task == "inpainting"


def folded(span: Span, length: int) -> Tensor:
    """Return the pixels that a span means on an axis of ``length``; beyond it lies its mirror image."""
    index = torch.arange(span.start, span.stop).remainder(2 * length)
    return torch.minimum(index, 2 * length - 1 - index)


def read(photo: Photo, region: Box) -> Tensor:
    """Return ``(B, C, h, w)``, float32 in [0, 1], mirrored beyond the photo; see ``solid`` for transparency."""
    y, x = folded(region[0], photo.height), folded(region[1], photo.width)
    found = _inside(photo, Span(int(y.min()), int(y.max()) + 1), Span(int(x.min()), int(x.max()) + 1))
    if found.shape[2:] == (len(y), len(x)):
        return found
    return found.index_select(2, y - y.min()).index_select(3, x - x.min())


def _inside(photo: Photo, rows: Span, columns: Span) -> Tensor:
    """Return a region of the photo itself; its bits do not depend on where it was cut."""
    source = photo.source()
    if photo.alpha is None:
        return source.read(rows.start, columns.start, rows.length, columns.length)
    top, left = max(rows.start - MARGIN, 0), max(columns.start - MARGIN, 0)
    bottom, right = min(rows.stop + MARGIN, photo.height), min(columns.stop + MARGIN, photo.width)
    box = (top, left, bottom - top, right - left)
    alpha = source.read_alpha(*box)
    assert alpha is not None
    y, x = rows.start - top, columns.start - left
    return solid(source.read(*box), alpha)[..., y : y + rows.length, x : x + columns.length]


def to_model(image: Tensor, channels: Collection[int]) -> Tensor:
    """Return an image in a number of channels that the model takes.

    Gray becomes three equal channels. For a model of gray images, each channel of a colour image becomes one.

    Args:
        image: ``(B, C, H, W)``, C is 1 or 3.
        channels: what the model takes.
    """
    if image.shape[1] in channels:
        return image
    return image.expand(-1, 3, -1, -1) if image.shape[1] == 1 else image.reshape(-1, 1, *image.shape[2:])


def rows_of(photos: Sequence[Photo], channels: Collection[int]) -> list[range]:
    """Return which images of the batch that ``to_model`` makes belong to each photo."""
    folds = 1 if photos[0].channels in channels else photos[0].channels
    ends = [0, *itertools.accumulate(photo.batch * folds for photo in photos)]
    return [range(start, end) for start, end in itertools.pairwise(ends)]


def from_model(output: Tensor, given: int, channels: Collection[int]) -> Tensor:
    """Undo ``to_model``: take the mean of the channels that gray became, or join those of a colour image.

    Args:
        output: ``(B', C', H, W)`` of the model.
        given: channels that the photo has.
        channels: what the model takes.
    """
    if given in channels:
        return output
    return output.mean(1, keepdim=True).reshape(-1, given, *output.shape[2:])
