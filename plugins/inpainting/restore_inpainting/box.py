"""A square of a photograph: cut out at the size of a prior, and put back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.contracts import Observation
from restore.errors import InputError, UsageError
from restore.resize import resize

LEAST = 0.25
"""Share of known area below which a pixel of the small image is missing, whatever the others are."""
SKEW = 1.1
"""By how much the box may be wider or higher than the prior's images, before it would distort."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where in a photograph there is what the prior knows, in pixels from the upper left corner.

    Args:
        x, y: of its own upper left corner.
        width, height: at least 1.

    Raises:
        UsageError: it is no box.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.x < 0 or self.y < 0 or self.width < 1 or self.height < 1:
            raise UsageError(f"{self} is no box", "give x,y,width,height in pixels, from the upper left corner")

    def __str__(self) -> str:
        return f"box={self.x},{self.y},{self.width},{self.height}"

    def check(self, sides: tuple[int, int]) -> None:
        """Raise UsageError where it is not in the proportions of these sides ``(height, width)``."""
        skew = self.width * sides[0] / (self.height * sides[1])
        if not 1 / SKEW <= skew <= SKEW:
            raise UsageError(
                f"{self} would distort what is in it: the prior's images are {sides[1]} x {sides[0]}",
                "give a box of their proportions",
            )

    @property
    def region(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def cut(self, image: Tensor, missing: Tensor, sides: tuple[int, int]) -> Observation:
        """Return what is in it at a size, antialiased, without what missing pixels hold.

        Args:
            image: ``(B, C, H, W)``.
            missing: ``(B, 1, H, W)`` of booleans.
            sides: (height, width) of the result.

        Raises:
            InputError: it is not inside the photograph; pixels are missing outside of it, or all are inside of it; what
                is known in it or beside it is not finite.
        """
        height, width = image.shape[-2:]
        if self.x + self.width > width or self.y + self.height > height:
            raise InputError(
                f"{self} reaches {self.x + self.width} x {self.y + self.height}, and the image is {width} x {height}",
                "give x,y,width,height of a box inside of it",
            )
        rows, columns = self.region
        outside = missing.clone()
        outside[..., rows, columns] = False
        if outside.any():
            raise InputError(
                f"{int(outside.sum())} missing pixels lie outside of {self}, and only what is in it is filled",
                "give a larger box, or a mask that misses less: white = missing",
            )
        self._check_finite(image, missing)
        small = shrunk(image[..., rows, columns], missing[..., rows, columns], sides)
        assert small.mask is not None
        if small.mask.flatten(1).all(1).any():  # led by the critic alone, a search goes astray
            raise InputError(
                f"all of {self} is missing, and nothing in it tells what belongs there",
                "give a larger box, of which more is known",
            )
        return small

    def _check_finite(self, image: Tensor, missing: Tensor) -> None:
        """Raise InputError for known pixels that are no numbers, in the box or where a fill is blended with its rim."""
        rows, columns, _ = self.around(*image.shape[-2:])
        known = torch.where(missing, 0, image)[..., rows, columns]
        if not known.isfinite().all():
            raise InputError(
                f"the image holds NaN or infinity among the known pixels of {self} and beside it",
                "give numbers for them, or a box that leaves them out",
            )

    def around(self, height: int, width: int) -> tuple[slice, slice, tuple[int, int, int, int]]:
        """Return rows and columns of it and its neighbours, and how many these are: left, right, top, bottom.

        Args:
            height, width: of the photograph.
        """
        left, right = min(self.x, 1), min(width - self.x - self.width, 1)
        top, bottom = min(self.y, 1), min(height - self.y - self.height, 1)
        rows = slice(self.y - top, self.y + self.height + bottom)
        return rows, slice(self.x - left, self.x + self.width + right), (left, right, top, bottom)

    def enlarged(self, fills: Tensor) -> Tensor:
        """Return small images ``(K, C, h, w)`` at the size of the box, in [0, 1]."""
        if fills.shape[-2:] == (self.height, self.width):
            return fills
        return resize(fills, self.height, self.width).clamp(0, 1)


def shrunk(image: Tensor, missing: Tensor, sides: tuple[int, int]) -> Observation:
    """Return images at another size: each pixel as the mean of what is known in its place.

    A pixel is missing where any of its place is, so that no hole is lost, however small. Where holes are so scattered
    that this would take most pixels, it is missing with less than a quarter known, or less than the median of the rest.
    The filter is a triangle, which has no negative lobes: means over what a mask leaves stay within the image's range.
    """
    known = (~missing).to(image)
    solid = torch.where(missing, 0, image)
    if image.shape[-2:] != sides:
        share, solid = (F.interpolate(part, sides, mode="bilinear", antialias=True) for part in (known, solid))
        holed = F.adaptive_max_pool2d(missing.to(image), sides) > 0
        degree = torch.where(holed, share / 2, 1)  # rounding takes none that has a hole for whole
        typical = degree.where(share >= LEAST, torch.nan).flatten(1).nanmedian(1).values.view(-1, 1, 1, 1)
        known = ((share >= LEAST) & (degree >= typical)).to(image)
        solid = torch.where(known > 0, solid / share.clamp(min=LEAST), 0)
    return Observation(image=solid, mask=1 - known)
