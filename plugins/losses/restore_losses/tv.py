"""Total variation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import InputError, UsageError
from restore_losses.checks import per_sample, precise


class TotalVariation(Loss):
    """Mean over channels and pixels of the length of the gradient, ``sqrt(dx**2 + dy**2 + epsilon**2) - epsilon``.

    ``dx`` and ``dy`` are differences to the next pixel, 0 in the last column and row (Rudin, Osher and Fatemi, 1992;
    the regulariser of SRGAN's first version). No target is needed. Images in [0, 1]; the paper's lie in [-1, 1], which
    doubles the values: its weight of 2e-8 is 4e-8 here, beside a content loss of its scale.

    Args:
        epsilon: smooths the length where there is no gradient, above 0.

    Raises:
        UsageError: an epsilon that is not above 0.
    """

    def __init__(self, epsilon: float = 1e-4) -> None:
        super().__init__()
        if not epsilon > 0:
            raise UsageError(f"tv cannot be smoothed by {epsilon}", "epsilon is above 0, for example 1e-4")
        self.epsilon = epsilon

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None = None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``; the target is not looked at. Raises InputError for what is no ``(B, C, H, W)``."""
        if prediction.ndim != 4:
            raise InputError(f"tv takes images (B, C, H, W), not {tuple(prediction.shape)}")
        image = precise(prediction)
        dx = F.pad(image.diff(dim=3), (0, 1))
        dy = F.pad(image.diff(dim=2), (0, 0, 0, 1))
        return per_sample((dx.square() + dy.square() + self.epsilon**2).sqrt() - self.epsilon)
