"""How far a prediction is from what is known, above all near what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import InputError, UsageError

Weighting = Literal["near", "none"]
Reduction = Literal["weights", "mean", "sum"]


class Contextual(Loss):
    """``|| W * (prediction - observed) ||_1`` over the known pixels, by the importance ``W`` of each.

    What missing pixels hold has no part in it, NaN included. Without a mask, nothing is missing.

    Args:
        weighting: ``near``: importance falls from the rim of a hole to 0 half a window away, as ``importance`` says;
            ``none``: each known pixel counts alike.
        window: side of the window in pixels, odd; less than two images wide.
        reduction: ``weights``: divided by the channels and the sum of W, so that a weight beside other terms means
            the same for every mask, and 0 where W is; ``mean``: divided by all values of the image, missing ones too;
            ``sum``.

    Raises:
        UsageError: a window that is even or smaller than 3.
    """

    def __init__(self, weighting: Weighting = "near", window: int = 7, reduction: Reduction = "weights") -> None:
        super().__init__()
        if window < 3 or window % 2 == 0:
            raise UsageError(f"a window of {window} pixels has no rim around a centre", "take 3, 5, 7 ...")
        self.weighting, self.window, self.reduction = weighting, window, reduction
        self.knows_mask = reduction == "weights"

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``; the target has no part in it.

        Raises:
            UsageError: no observation, or a window that reaches beyond the image from every pixel of it.
            InputError: one of another shape than the prediction.
        """
        if observation is None:
            raise UsageError("contextual compares with what was observed", "pass Observation(image=..., mask=...)")
        seen, mask = observation.image, observation.mask
        if seen.shape != prediction.shape:
            raise InputError(
                f"contextual compares images {tuple(prediction.shape)} with what was observed, {tuple(seen.shape)}",
                "in a search whose degradation changes the shape, give it as fit, which compares degraded images",
            )
        check_window(self.window, seen.shape[-2:])
        missing = torch.zeros_like(seen[:, :1]) if mask is None else (mask > 0).to(seen)
        weight = importance(missing, self.window) if self.weighting == "near" else 1 - missing
        # Not a product with 0: what is missing may be NaN.
        away = torch.where(missing > 0, 0, prediction - torch.where(missing > 0, 0, seen)).abs()
        total = (weight * away).flatten(1).sum(1)
        if self.reduction == "sum":
            return total
        if self.reduction == "mean":
            return total / seen[0].numel()
        whole = weight.flatten(1).sum(1) * seen.shape[1]
        return total / torch.where(whole > 0, whole, 1)


def check_window(window: int, sides: Sequence[int]) -> None:
    """Raise UsageError for a window that reaches beyond images of these sides from every pixel: a slip."""
    most = 2 * max(sides) - 1
    if window > most:
        height, width = sides
        raise UsageError(
            f"a window of {window} pixels is far larger than images of {width} x {height}",
            f"window is odd, from 3 to {most}",
        )


def importance(missing: Tensor, window: int = 7) -> Tensor:
    """Return the weight of each pixel, ``(B, 1, H, W)``, from 0 to below 1.

    It is the share of missing pixels in the window around a known pixel, and 0 for a missing one (Yeh et al., CVPR
    2017, equation 5). So it is largest beside a hole, and 0 far away. At the border of the image the share is that of
    the pixels that exist; the authors' code mirrors them.

    Args:
        missing: ``(B, 1, H, W)`` of floats, 1 = missing, 0 = known.
        window: side in pixels, odd.
    """
    share = F.avg_pool2d(missing, window, stride=1, padding=window // 2, count_include_pad=False)
    return torch.where(missing > 0, 0, share)
