"""Accuracy: the share of labels that are right."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from restore.benchmark.protocol import Protocol
from restore.errors import InputError


class Accuracy:
    """1 for a sample whose label is right, 0 for another; their mean is the accuracy."""

    label: ClassVar[str] = "Accuracy"
    digits: ClassVar[int] = 4
    higher_is_better: ClassVar[bool] = True

    def describe(self) -> str:
        """Return in one line what is computed."""
        return "1 where the highest score, or the label, is the right one, else 0"

    def __call__(self, prediction: Tensor, target: Tensor, protocol: Protocol) -> Tensor:
        """Return ``(B,)`` float64.

        Args:
            prediction: ``(B, K)`` scores, the highest of which is the answer, or ``(B,)`` labels.
            target: ``(B,)`` labels, whole numbers from 0 on.
            protocol: not looked at.

        Raises:
            InputError: shapes that do not belong together, labels that are no whole numbers, or scores that
                are NaN.
        """
        if target.ndim != 1 or prediction.ndim not in (1, 2) or len(prediction) != len(target):
            raise InputError(
                f"the answers are {tuple(prediction.shape)} and the labels {tuple(target.shape)}",
                "give (B, K) scores or (B,) labels, and (B,) labels to compare with",
            )
        if target.is_floating_point() or (prediction.ndim == 1 and prediction.is_floating_point()):
            raise InputError("labels are whole numbers, and these are not", "convert them with .long()")
        if prediction.ndim == 2 and (not prediction.shape[1] or torch.isnan(prediction).any()):
            raise InputError("the scores hold no answer: they are empty, or NaN", "find out where they come from")
        answers = prediction.argmax(1) if prediction.ndim == 2 else prediction
        return (answers == target).double()
