"""Mean absolute error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore.contracts import Loss, Observation
from restore_losses.checks import pair, per_sample


class L1(Loss):
    """Mean over channels and pixels of ``|prediction - target|``; images in [0, 1] (EDSR, section 3)."""

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``. Raises UsageError or InputError for a target that is absent or of another shape."""
        first, second = pair("l1", prediction, target)
        return per_sample((first - second).abs())
