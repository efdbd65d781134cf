"""Times and memory of a run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore.benchmark import timing
from restore.benchmark.timing import Clock, quartiles

CPU = torch.device("cpu")


def test_the_first_run_of_each_shape_is_a_warm_up():
    clock, runs = Clock(CPU), []
    for shape in ("a", "a", "b"):
        clock.measure(lambda shape=shape: runs.append(shape), shape)
    assert runs == ["a", "a", "a", "b", "b"]


def test_a_warm_up_is_not_in_the_time():
    def slow_at_first(calls=[]):  # noqa: B006 - it counts
        calls.append(1)
        time.sleep(0.3 if len(calls) == 1 else 0.01)
        return len(calls)

    timed = Clock(CPU).measure(slow_at_first, "a")
    assert timed.result == 2
    assert 0.01 <= timed.seconds < 0.2


def test_repeats_count_by_their_median(monkeypatch):
    ticks = iter([0, 100, 0, 3, 0, 1, 0, 2])  # a warm-up of 100, then 3, 1 and 2
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(timing, "LONG", 1000)
    timed = Clock(CPU, repeats=3).measure(lambda: None, "a")
    assert (timed.seconds, timed.repeats) == (2, 3)


def test_a_run_of_minutes_is_not_done_twice(monkeypatch):
    ticks = iter([0, 100])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))
    calls = []
    timed = Clock(CPU).measure(lambda: calls.append(1), "a")
    assert (timed.seconds, timed.repeats, calls) == (100, 1, [1])


def test_the_peak_of_host_memory_is_of_what_came_and_went_during_the_run_alone():
    """In megabytes: 200 that are freed before the run ends are seen, and the next run does not see them any more."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("this system does not reset the peak of a process")
    clock = Clock(CPU)
    peaks = []
    for size in (1, 200, 1):
        timed = clock.measure(lambda size=size: int(np.ones(size * 10**6, np.uint8).sum()), size)
        assert timed.peak_device_bytes is None
        peaks.append(timed.peak_host_bytes / 10**6)
    before, during, after = peaks
    assert 180 < during - before < 260
    assert abs(after - before) < 50


def test_the_peak_of_host_memory_where_linux_does_not_tell_it(monkeypatch):
    def nothing(*_, **__):
        raise FileNotFoundError

    told = timing.host_peak()
    monkeypatch.setattr(Path, "read_text", nothing)
    assert 0.5 * told < timing.host_peak() < 100 * told  # of the process so far; told was since the last reset


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_quartiles_are_numpys(values):
    assert quartiles(values) == pytest.approx(np.quantile(values, [0.25, 0.5, 0.75]), rel=1e-12, abs=1e-9)
