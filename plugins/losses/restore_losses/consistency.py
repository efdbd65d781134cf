"""Agreement with what was observed: the prediction, degraded again, against the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import InputError, UsageError
from restore_losses.checks import per_sample, precise


class Consistency(Loss):
    """Mean over channels and pixels of ``|A(prediction) - y|`` or its square, in [0, 1].

    ``A`` and ``y`` are the degradation and the image of the observation. No target is needed. What a super-resolution
    network invents must vanish when its result is made small again.

    Args:
        distance: ``l1`` or ``mse``.
        border: pixels of ``y`` left out on each side. A patch that was cut from a degraded image has pixels
            there that depend on what lies around the patch: 2 for a bicubic downscaling.

    Raises:
        UsageError: a border below 0.
    """

    def __init__(self, distance: Literal["l1", "mse"] = "l1", border: int = 0) -> None:
        super().__init__()
        if border < 0:
            raise UsageError(f"consistency cannot leave out {border} pixels", "border is 0 or more")
        self.distance, self.border = distance, border

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None = None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``; the target is not looked at.

        Raises:
            UsageError: an observation that is absent or does not tell its degradation.
            InputError: a prediction whose degraded version has another size, or that the border leaves nothing of.
        """
        if observation is None or observation.degradation is None:
            raise UsageError("consistency degrades the prediction again, and the degradation is not known")
        seen = precise(observation.image)
        with torch.autocast(prediction.device.type, enabled=False):
            again = observation.degradation(precise(prediction), observation.params)
        if again.shape != seen.shape or min(seen.shape[-2:]) <= 2 * self.border:
            raise InputError(
                f"consistency compares {tuple(again.shape)} with {tuple(seen.shape)}, {self.border} pixels left out",
                "both have one size, larger than the border on both sides",
            )
        b = self.border
        error = (again - seen)[..., b : again.shape[-2] - b, b : again.shape[-1] - b]
        return per_sample(error.abs() if self.distance == "l1" else error.square())
