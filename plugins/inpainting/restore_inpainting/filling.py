"""Holes of an image filled from images of a prior."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from restore_inpainting.box import Box
from restore_inpainting.poisson import Poisson

Blend = Literal["poisson", "copy", "none"]


class Filling:
    """How the holes of one mask are filled; what it works out serves all images with this mask.

    Args:
        missing: ``(H, W)`` of booleans; in the box, if there is one.
        blend: ``poisson``; ``copy``: pixels as they are; ``none``: known pixels of the box are replaced too.
        box: where in the image the fills belong; None: they are as large as it.
    """

    def __init__(self, missing: Tensor, blend: Blend, box: Box | None) -> None:
        self.missing, self.box = missing, box
        self._whole = blend == "none"
        self._margin = (0, 0, 0, 0)
        rows, columns = (slice(None), slice(None)) if box is None else box.region
        if box is not None and blend == "poisson":
            rows, columns, self._margin = box.around(missing.shape[0], missing.shape[1])
        self._region, self._hole = (rows, columns), missing[rows, columns]
        self._poisson = Poisson(self._hole) if blend == "poisson" else None

    def __call__(self, image: Tensor, fills: Tensor) -> Tensor:
        """Return the image filled by each, ``(K, C, H, W)``; what was missing is in [0, 1].

        Args:
            image: ``(C, H, W)``; what missing pixels hold is not looked at.
            fills: ``(K, C, h, w)`` in [0, 1], of the size of the prior.
        """
        fills = (fills if self.box is None else self.box.enlarged(fills)).to(image)
        rows, columns = self._region
        part = image[:, rows, columns]
        if self._poisson is not None:
            # Beyond the box its outermost pixels go on, so that a hole at its border is blended with what is there.
            fills = self._poisson.blend(part, F.pad(fills, self._margin, mode="replicate")).clamp(0, 1)
        done = image.expand(len(fills), -1, -1, -1).clone()
        done[..., rows, columns] = fills if self._whole else torch.where(self._hole, fills, part)
        return done
