"""Missing pixels: each degradation here takes a region away and tells which (1 = missing)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from restore.contracts import Params
from restore.errors import UsageError
from restore.resize import resize
from restore_degradations.per_sample import (
    PerSample,
    check_limits,
    choices_of,
    draw_between,
    draw_seed,
    seeded,
)


class Mask(PerSample):
    """Replace the pixels of a region by a gray level.

    Args:
        fill: the gray level, from 0 (black) to 1 (white).

    Raises:
        UsageError: a fill outside [0, 1].
    """

    def __init__(self, fill: float = 0.0) -> None:
        super().__init__()
        if not 0 <= fill <= 1:
            raise UsageError(f"fill={fill} is no gray level", "fill lies in [0, 1]")
        self.fill = fill

    @abstractmethod
    def region(self, height: int, width: int, choices: Mapping[str, Any]) -> Tensor:
        """Return the missing pixels as booleans ``(height, width)``, on the CPU."""

    def mask(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, 1, H, W)`` in the image's type, 1 = missing."""
        batch, _, height, width = image.shape
        missing = image.new_zeros(batch, 1, height, width)
        for i in range(batch):
            missing[i, 0] = self.region(height, width, choices_of(params, i))
        return missing

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return the image: its missing pixels are told by ``mask`` and not compared."""
        return image

    def knowable(self, params: Params) -> Params:
        """Return all of it: which pixels are missing is no secret."""
        return params

    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the image ``(1, C, H, W)`` with its missing pixels filled."""
        _, _, height, width = image.shape
        missing = self.region(height, width, choices).to(image.device)
        return torch.where(missing, torch.full_like(image, self.fill), image)


class MaskCenter(Mask):
    """A centred rectangle.

    Args:
        size: its sides over the image's.
        fill: gray level of the missing pixels.

    Raises:
        UsageError: a size outside (0, 1].
    """

    def __init__(self, size: float = 0.5, fill: float = 0.0) -> None:
        super().__init__(fill)
        if not 0 < size <= 1:
            raise UsageError(f"mask-center: size={size} is no share of the image", "size lies in (0, 1]")
        self.size = size

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Record the size."""
        return {"size": self.size}

    def region(self, height: int, width: int, choices: Mapping[str, Any]) -> Tensor:
        """Return the rectangle."""
        missing = torch.zeros(height, width, dtype=torch.bool)
        rows, columns = (max(1, round(side * choices["size"])) for side in (height, width))
        top, left = (height - rows) // 2, (width - columns) // 2
        missing[top : top + rows, left : left + columns] = True
        return missing


class MaskRandom(Mask):
    """Single pixels, any as likely as any other.

    Args:
        share: of the pixels, or a range.
        fill: gray level of the missing pixels.

    Raises:
        UsageError: a share outside [0, 1].
    """

    def __init__(self, share: tuple[float, ...] = (0.8,), fill: float = 0.0) -> None:
        super().__init__(fill)
        check_limits("mask-random", "share", share, 0, 1)
        self.share = share

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a share and the seed of the places."""
        return {"share": draw_between(self.share, generator), "seed": draw_seed(generator)}

    def region(self, height: int, width: int, choices: Mapping[str, Any]) -> Tensor:
        """Return the pixels: exactly the share, rounded."""
        order = torch.randperm(height * width, generator=seeded(choices["seed"]))
        return (order < round(choices["share"] * height * width)).view(height, width)


class MaskPattern(Mask):
    """Irregular blobs, as in the random patterns of context encoders and semantic inpainting.

    Smooth noise is cut at the level that leaves the wanted share.

    Args:
        share: of the pixels, or a range.
        grain: side of a typical blob over the image's smaller side.
        fill: gray level of the missing pixels.

    Raises:
        UsageError: a share outside [0, 1], or a grain outside (0, 1].
    """

    def __init__(self, share: tuple[float, ...] = (0.25,), grain: float = 0.125, fill: float = 0.0) -> None:
        super().__init__(fill)
        check_limits("mask-pattern", "share", share, 0, 1)
        check_limits("mask-pattern", "grain", (grain,), 1e-3, 1)
        self.share, self.grain = share, grain

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a share and the seed of the noise."""
        seed = draw_seed(generator)
        return {"share": draw_between(self.share, generator), "grain": self.grain, "seed": seed}

    def region(self, height: int, width: int, choices: Mapping[str, Any]) -> Tensor:
        """Return the blobs."""
        cell = max(1.0, choices["grain"] * min(height, width))
        rows, columns = (max(2, math.ceil(side / cell) + 1) for side in (height, width))
        noise = torch.randn(1, 1, rows, columns, generator=seeded(choices["seed"]), dtype=torch.float64)
        level = resize(noise, height, width).flatten()
        order = level.argsort(stable=True)
        missing = torch.zeros(height * width, dtype=torch.bool)
        missing[order[: round(choices["share"] * len(order))]] = True
        return missing.view(height, width)


class MaskHalf(Mask):
    """One half of the image.

    Args:
        side: which; ``random`` draws it for each image.
        fill: gray level of the missing pixels.
    """

    def __init__(self, side: Literal["random", "left", "right", "top", "bottom"] = "random", fill: float = 0.0) -> None:
        super().__init__(fill)
        self.side = side

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw a side."""
        if self.side != "random":
            return {"side": self.side}
        sides = ("left", "right", "top", "bottom")
        return {"side": sides[int(torch.randint(4, (), generator=generator))]}

    def region(self, height: int, width: int, choices: Mapping[str, Any]) -> Tensor:
        """Return the half; the middle line of an odd side belongs to the right or bottom half."""
        y = torch.arange(height)[:, None].expand(height, width)
        x = torch.arange(width).expand(height, width)
        return {
            "left": x < width // 2,
            "right": x >= width // 2,
            "top": y < height // 2,
            "bottom": y >= height // 2,
        }[choices["side"]]


class MaskStrokes(Mask):
    """Strokes of a brush, as a retoucher paints them: broken lines with round ends (Yu et al., ICCV 2019).

    Args:
        strokes: how many.
        width: of the brush over the image's smaller side.
        fill: gray level of the missing pixels.

    Raises:
        UsageError: no strokes, or a width outside (0, 1].
    """

    def __init__(self, strokes: int = 4, width: float = 0.08, fill: float = 0.0) -> None:
        super().__init__(fill)
        if not 1 <= strokes <= 1000:
            raise UsageError(f"mask-strokes: strokes={strokes} cannot be", "strokes lies in [1, 1000]")
        check_limits("mask-strokes", "width", (width,), 1e-3, 1)
        self.strokes, self.width = strokes, width

    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw the seed of the paths."""
        return {"strokes": self.strokes, "width": self.width, "seed": draw_seed(generator)}

    def region(self, height: int, width: int, choices: Mapping[str, Any]) -> Tensor:
        """Return the painted pixels."""
        import cv2
        import numpy as np

        chance = seeded(choices["seed"])
        canvas = np.zeros((height, width), np.uint8)
        corner = torch.tensor([width - 1, height - 1]).double().clamp(min=0.5)
        brush = max(1, round(choices["width"] * min(height, width)))
        for _ in range(choices["strokes"]):
            drawn = torch.rand(15, generator=chance, dtype=torch.float64)
            start, angle, turns, lengths = drawn[:2], drawn[2], drawn[3:9], drawn[9:]
            headings = 2 * math.pi * angle + math.pi * (turns - 0.5).cumsum(0)
            strides = (0.05 + 0.15 * lengths) * min(height, width)
            steps = torch.stack([headings.cos(), headings.sin()], 1) * strides[:, None]
            path = torch.cat([start[None] * corner, start * corner + steps.cumsum(0)])
            path = corner - (path.remainder(2 * corner) - corner).abs()  # turned back at the border
            points = path.round().int().numpy().reshape(-1, 1, 2)
            cv2.polylines(canvas, [points], isClosed=False, color=1, thickness=brush)
        return torch.from_numpy(canvas).bool()
