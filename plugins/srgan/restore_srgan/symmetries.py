"""Self-ensemble: what a network makes of an image's eight mirrored and turned copies, turned back and averaged.

Timofte et al., "Seven Ways to Improve Example-Based Single Image Super Resolution", CVPR 2016; the name is
that of Lim et al., EDSR, CVPR Workshops 2017, section 3.4.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

SYMMETRIES = tuple((turns, mirrored) for turns in range(4) for mirrored in (False, True))
"""Of the square: quarter turns, then a mirror."""


def self_ensemble(upscale: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """Return the mean, ``(B, C', H', W')``, at eight times the cost.

    Args:
        upscale: of images ``(B, C, H, W)``, and of ``(B, C, W, H)``.
        image: ``(B, C, H, W)``.
    """
    total: Tensor | None = None
    for turns, mirrored in SYMMETRIES:
        seen = torch.rot90(image, turns, (2, 3))
        made = upscale(seen.flip(3) if mirrored else seen)
        back = torch.rot90(made.flip(3) if mirrored else made, -turns, (2, 3))
        total = back if total is None else total + back
    assert total is not None
    return total / len(SYMMETRIES)
