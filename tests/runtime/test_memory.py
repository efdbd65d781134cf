"""Memory: what tensors take is counted, extrapolated, and kept within a budget for results of any size."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import torch

from restore.runtime import memory
from restore.runtime.memory import Cost, measure
from restore.runtime.peak import PeakMemory

MIB = 2**20


def test_the_peak_is_what_lives_at_one_time():
    """Of four tensors of 1 MiB at most three live: a, b and their sum."""
    with PeakMemory() as counted:
        a = torch.zeros(MIB // 4)
        b = a + 1
        c = a + b
        del a, b
        d = c * 2
        c.add_(1)
        view = d[::2].view(-1)
    assert counted.peak == 3 * MIB
    assert counted.live == 2 * MIB
    assert len(view) == MIB // 8


def test_what_lived_before_does_not_count():
    before = torch.zeros(MIB // 4)
    with PeakMemory() as counted:
        before.mul_(2)
        before.view(2, -1)
    assert counted.peak == 0


def test_a_cost_is_a_line_through_two_measurements():
    """A fixed table of 1 MiB, and 3 planes and their double: 24 bytes a pixel."""

    def run(side):
        table = torch.zeros(MIB // 4)
        image = torch.zeros(3, side, side)
        doubled = image * 2
        return table, doubled

    cost = measure(run, 64, 96)
    assert (cost.fixed, cost.a_pixel) == (MIB, 24)
    assert cost.side(MIB + 24 * 500**2) == 500
    assert cost.side(MIB + 24 * 500**2 - 1) == 499


def test_costs_at_the_ends():
    assert Cost(fixed=0, a_pixel=0).side(1) == memory.LARGEST
    assert Cost(fixed=0, a_pixel=1).side(10**12) == memory.LARGEST
    assert Cost(fixed=100, a_pixel=1).side(50) == 1


def test_the_budget_of_a_gpu_is_a_share_of_what_is_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10_000, 24_000))
    assert memory.budget(torch.device("cuda")) == 6_000
    assert memory.budget(torch.device("cpu")) == memory.CPU_BUDGET


LARGE = """
    import numpy as np, torch
    from restore.contracts import Model
    from restore.plugin import ModelSpec
    from restore.runtime import Restorer, memory

    class Larger(Model):
        def forward(self, seen):
            return seen.image.repeat_interleave(4, 2).repeat_interleave(4, 3)

    def peak():
        [line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    memory.CPU_BUDGET = 200 * 2**20
    spec = ModelSpec(name="larger", factory="a:b", task="", scale=4, tiling="exact", receptive_field=1)
    restorer = Restorer(Larger(), spec, device=torch.device("cpu"), precision="float32")
    image = (np.arange(2500 * 2500 * 3) % 251).astype(np.uint8).reshape(2500, 2500, 3)
    restorer(image[:200, :200])
    before = peak()
    result = restorer(image)
    print(peak() - before)
    assert result.shape == (10_000, 10_000, 3)
    assert all(np.array_equal(result[y::4, x::4], image) for y in (0, 3) for x in (0, 3))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the process as Linux tells it")
def test_a_result_of_100_megapixels_takes_its_own_bytes_and_a_tile():
    """286 MiB of pixels and 200 of budget; as one float image it would take 1144 and more."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LARGE)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 286 < float(done.stdout) < 286 + 200 * 1.25
