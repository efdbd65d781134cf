"""What a check is asked to look at."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import UsageError
from restore.plugin import ModelSpec


class Net(nn.Module):
    """Random numbers, as a network has before it is trained."""

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, width, 1)


SPEC = ModelSpec(name="net", factory=f"{__name__}:Net", task="nothing")


def test_a_subject_is_built_fresh_in_eval_mode_by_one_seed(subject_of):
    subject = subject_of(SPEC)
    state = torch.get_rng_state()
    first, second = subject.build(), subject.build()
    assert torch.equal(torch.get_rng_state(), state)
    assert first is not second
    assert not first.training
    assert torch.equal(first.layer.weight, second.layer.weight)


def test_a_subject_takes_options(subject_of):
    assert subject_of(SPEC, width=5).build().layer.out_channels == 5
    with pytest.raises(UsageError, match="no option 'wide'"):
        subject_of(SPEC, wide=5).build()
