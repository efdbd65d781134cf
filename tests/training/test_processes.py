"""Several processes train what one would have trained."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from restore.errors import DeviceError, RestoreError, UsageError
from restore.training import checkpoint
from restore.training.processes import Processes, is_first, take_device, together

SCRIPT = Path(__file__).with_name("together.py")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The folder of the script's trainings in two processes, started as users start them."""
    folder = tmp_path_factory.mktemp("pair")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, str(SCRIPT), str(folder)],
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def alone(monkeypatch):
    """The script's functions, to train in this process alone."""
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    return runpy.run_path(str(SCRIPT))


def outcomes(pair):
    return [json.loads((pair / f"{index}.json").read_text()) for index in (0, 1)]


def log(folder, kind):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [entry for entry in lines if any(key.startswith(kind) for key in entry)]


@pytest.mark.parametrize("run", ["plain", "normed", "parts", "resumed", "stopped"])
def test_the_replicas_are_equal_at_the_end(pair, run):
    """Every bit of every network, batch norm's statistics and spectral norm's vectors too; the optimisers' moments."""
    one, two = (outcome[run] for outcome in outcomes(pair))
    assert one == two
    assert (one["idle"], one["table"]) == (True, True)  # no gradient out of nothing, fixed buffers untouched


def test_two_processes_follow_the_curve_of_one(pair, alone, tmp_path):
    alone["run"](tmp_path / "plain", alone["Rivals"](10))
    one, two = log(tmp_path / "plain", "critic/loss"), log(pair / "plain", "critic/loss")
    assert [entry["step"] for entry in two] == list(range(1, 11))
    for before, now in zip(one, two, strict=True):
        assert before.keys() == now.keys()
        for key in before.keys() - {"seconds"}:
            assert now[key] == pytest.approx(before[key], rel=1e-4, abs=1e-5), (now["step"], key)
    states = [checkpoint.load(folder / "plain" / "checkpoint.safetensors") for folder in (tmp_path, pair)]
    for part in ("networks", "average"):
        torch.testing.assert_close(states[0][part], states[1][part], rtol=1e-4, atol=1e-5)


def test_one_process_writes_and_the_card_tells_how_many_trained(pair):
    assert [entry["step"] for entry in log(pair / "plain", "validation/")] == [3, 6, 9, 10]
    assert "| Trained on | 2 x cpu in float32 |" in (pair / "plain" / "rivals.md").read_text("utf-8")
    assert all(outcome["plain"]["weights"] for outcome in outcomes(pair))
    assert not list((pair / "plain").glob(".restore-*"))


def test_a_signal_to_one_process_stops_all_at_one_step_and_resuming_gives_the_same_bits(pair):
    for outcome in outcomes(pair):
        assert (outcome["parts"]["step"], outcome["parts"]["weights"]) == (5, False)
        assert outcome["resumed"] == outcome["plain"]
    weights = [(pair / run / "rivals.safetensors").read_bytes() for run in ("plain", "parts")]
    assert weights[0] == weights[1]


def test_another_number_of_processes_goes_on_with_a_run(pair, alone, tmp_path):
    path = pair / "stopped" / "checkpoint.safetensors"
    folder = tmp_path / "stopped"
    folder.mkdir()
    (folder / "checkpoint.safetensors").write_bytes(path.read_bytes())
    assert checkpoint.load(path)["step"] == 6
    assert alone["run"](folder, alone["Rivals"](10), resume=True)["step"] == 10
    states = [checkpoint.load(run / "checkpoint.safetensors") for run in (folder, pair / "plain")]
    torch.testing.assert_close(states[0]["networks"], states[1]["networks"], rtol=1e-4, atol=1e-5)


def test_what_differs_between_processes_is_averaged(pair):
    third = torch.tensor(1 / 3).item()
    expected = {"mean": 2.0, "var": third, "weight": 2.0, "bias": 2.0, "idle": True, "any": [True, False]}
    for outcome in outcomes(pair):
        assert outcome["means"] == expected | {"scalars": {"a": 1.0, "b": -1.0}}


def test_the_processes_part_before_python_ends(pair):
    """A group that outlives Python has threads that may abort it."""
    assert [outcome["parted"] for outcome in outcomes(pair)] == [True, True]


def test_each_process_takes_its_rows_and_what_has_none_goes_to_all():
    batch = {"x": torch.arange(12).view(6, 2), "step": torch.tensor(4)}
    shares = [Processes(index=index, count=3, device=CPU).share(batch) for index in range(3)]
    assert [share["step"].item() for share in shares] == [4, 4, 4]
    assert torch.equal(torch.stack([share["x"] for share in shares], dim=1).flatten(0, 1), batch["x"])
    assert Processes(device=CPU).share(batch) is batch


@pytest.mark.parametrize(
    ("batch", "told", "cure"),
    [
        ({"x": torch.zeros(10, 1)}, "a batch of 10 does not go into 4 equal parts", "batch_size=12"),
        ({"x": torch.zeros(8, 1), "kernel": torch.zeros(5, 5)}, "5 and 8 rows", "one row a sample"),
        ({"step": torch.zeros(())}, "no rows", "one process"),
    ],
)
def test_what_cannot_be_shared_is_told(batch, told, cure):
    with pytest.raises(UsageError, match=told) as caught:
        Processes(index=0, count=4, device=CPU).share(batch)
    assert cure in caught.value.cure


@pytest.fixture
def second_of_four(monkeypatch):
    """As torchrun starts the second of four processes."""
    for name, value in {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)


def test_a_process_knows_whether_it_is_the_first(second_of_four, monkeypatch):
    assert not is_first()
    monkeypatch.setenv("RANK", "0")
    assert is_first()
    monkeypatch.delenv("RANK")
    with pytest.raises(UsageError, match="places no process"):
        is_first()


@pytest.mark.parametrize("device", ["cuda:1", "mps"])
def test_one_device_is_not_shared(second_of_four, device):
    with pytest.raises(UsageError, match=f"4 processes cannot train on one device, {device}"):
        take_device(device)


def test_each_process_takes_a_gpu_of_its_own(second_of_four, monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    take_device("auto")
    take_device("cpu")
    assert taken == [1]
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(DeviceError, match="this machine has 2") as caught:
        take_device("cuda")
    assert "--processes 2" in caught.value.cure


def test_without_accelerate_the_cure_is_told(second_of_four, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(UsageError, match="4 processes needs accelerate") as caught, together(CPU):
        pass
    assert "restore-toolkit[distributed]" in caught.value.cure


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer"), True),
        (torch.distributed.DistBackendError("NCCL error: remote process exited"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), False),
    ],
)
def test_a_lost_connection_is_told_from_what_else_goes_wrong_meanwhile(monkeypatch, error, lost):
    def reduce(value, reduction):
        raise error

    monkeypatch.setitem(sys.modules, "accelerate.utils", SimpleNamespace(reduce=reduce))
    with pytest.raises(RestoreError if lost else torch.OutOfMemoryError, match=re.escape(str(error))):
        Processes(index=0, count=2, device=CPU).wait()
