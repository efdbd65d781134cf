"""What several restarts made of an image."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from restore.inversion import Inversion


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """What several restarts found for each of ``B`` images, the best first."""

    images: Tensor
    """``(B, R, C, H, W)`` in [0, 1]: the image with its holes filled."""
    scores: Tensor
    """The objective of each, ``(B, R)``; lower is better."""
    errors: Tensor
    """Mean absolute difference of the prior's image from the known pixels that count in the objective, ``(B, R)``,
    before anything is blended."""
    found: Inversion
    """The search, in the order of the restarts, at the size of the prior."""

    @property
    def image(self) -> Tensor:
        """The best of each, ``(B, C, H, W)``."""
        return self.images[:, 0]
