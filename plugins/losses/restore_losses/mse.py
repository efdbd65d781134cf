"""Mean squared error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore.contracts import Loss, Observation
from restore_losses.checks import pair, per_sample


class MSE(Loss):
    """Mean over channels and pixels of ``(prediction - target)**2``.

    Images lie in [0, 1]. The SRGAN paper's (equation 4) lie in [-1, 1], which makes its values 4 times as large.
    """

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``. Raises UsageError or InputError for a target that is absent or of another shape."""
        first, second = pair("mse", prediction, target)
        return per_sample((first - second).square())
