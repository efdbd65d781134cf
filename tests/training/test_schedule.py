"""Learning-rate schedules against torch's own."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore.training.schedule import cosine, late, stepwise


def torch_rates(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@given(st.integers(2, 40))
def test_cosine_is_torchs(steps):
    theirs = torch_rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps), steps)
    assert [cosine(step, steps) for step in range(steps)] == pytest.approx(theirs, abs=1e-9)


def test_stepwise_is_torchs_multistep():
    theirs = torch_rates(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [3, 7], 0.5), 10)
    assert [stepwise(step, [3, 7], factor=0.5) for step in range(10)] == pytest.approx(theirs)


def test_warmup_rises_linearly_and_then_starts_at_one():
    assert [cosine(step, 100, warmup=4) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_the_end_is_the_floor():
    assert cosine(100, 100, floor=0.1) == pytest.approx(0.1)


def test_late_is_torchs_linear_after_half():
    assert [late(step, 100) for step in (0, 50)] == [1, 1]
    theirs = torch_rates(lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, 50), 50)
    assert [late(step, 100) for step in range(50, 100)] == pytest.approx(theirs)
