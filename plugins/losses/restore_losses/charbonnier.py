"""The Charbonnier loss, absolute error that is smooth at zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import UsageError
from restore_losses.checks import pair, per_sample


class Charbonnier(Loss):
    """Mean over channels and pixels of ``sqrt((prediction - target)**2 + epsilon**2)``.

    Images in [0, 1]; identical ones give ``epsilon`` (Charbonnier et al., ICIP 1994; LapSRN, section 3.3).

    Args:
        epsilon: error below which it is nearly quadratic, above 0.

    Raises:
        UsageError: an epsilon that is not above 0, at which the slope is not defined.
    """

    def __init__(self, epsilon: float = 1e-3) -> None:
        super().__init__()
        if not epsilon > 0:
            raise UsageError(f"charbonnier cannot be smoothed by {epsilon}", "epsilon is above 0; l1 is its limit")
        self.epsilon = epsilon

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``. Raises UsageError or InputError for a target that is absent or of another shape."""
        first, second = pair("charbonnier", prediction, target)
        return per_sample(((first - second).square() + self.epsilon**2).sqrt())
