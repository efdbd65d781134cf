"""Accuracy, by hand."""

from __future__ import annotations

import pytest
import torch

from restore.benchmark import Protocol
from restore.errors import InputError
from restore_measurement.accuracy import Accuracy

PLAIN = Protocol(id="plain")


def test_scores_and_labels():
    labels = torch.tensor([2, 0, 1])
    scores = torch.tensor([[0.1, 0.2, 0.7], [0.4, 0.5, 0.1], [-3.0, -1.0, -2.0]])
    right = Accuracy()(scores, labels, PLAIN)
    assert (right.tolist(), right.dtype) == ([1, 0, 1], torch.float64)
    assert Accuracy()(torch.tensor([2, 1, 0]), labels, PLAIN).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (torch.zeros(3), torch.zeros(3, dtype=torch.long)),
        (torch.zeros(2, 4), torch.zeros(3, dtype=torch.long)),
        (torch.zeros(3, 4), torch.zeros(3)),
        (torch.zeros(3, 4), torch.zeros(3, 4, dtype=torch.long)),
        (torch.full((3, 4), torch.nan), torch.zeros(3, dtype=torch.long)),
        (torch.zeros(3, 0), torch.zeros(3, dtype=torch.long)),
    ],
)
def test_what_makes_no_sense(prediction, target):
    with pytest.raises(InputError):
        Accuracy()(prediction, target, PLAIN)
