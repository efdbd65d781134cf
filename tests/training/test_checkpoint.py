"""A checkpoint gives back what was saved, and an interrupted write costs nothing."""

from __future__ import annotations

import resource

import pytest
import safetensors.torch
import torch

from restore.errors import InputError, RestoreError
from restore.training import checkpoint


def test_nested_state_comes_back(tmp_path):
    shared = torch.arange(4.0)
    state = {
        "step": 3,
        "none": None,
        "groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1]}],
        "state": {0: {"step": torch.tensor(3.0), "mean": shared}, 1: {"mean": shared.view(2, 2).t()}},
    }
    checkpoint.save(tmp_path / "c.safetensors", state)
    loaded = checkpoint.load(tmp_path / "c.safetensors")
    assert loaded["step"] == 3
    assert loaded["none"] is None
    assert loaded["groups"] == [{"lr": 1e-3, "betas": [0.9, 0.999], "params": [0, 1]}]
    assert list(loaded["state"]) == [0, 1]
    assert torch.equal(loaded["state"][0]["mean"], shared)
    assert torch.equal(loaded["state"][1]["mean"], shared.view(2, 2).t())
    assert loaded["state"][0]["step"].shape == ()


def test_a_failed_write_keeps_the_old_checkpoint_and_no_debris(tmp_path, monkeypatch):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"x": torch.ones(2)})
    before = path.read_bytes()

    def interrupted(tensors, filename, metadata):
        filename.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(path, {"x": torch.zeros(2)})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_without_room_is_told_and_costs_nothing(tmp_path):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"x": torch.ones(2)})
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(RestoreError, match="cannot be written") as caught:
            checkpoint.save(path, {"x": torch.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in caught.value.cure
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_loaded_is_no_window_into_the_file(tmp_path):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"x": torch.ones(100_000)})
    loaded = checkpoint.load(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 400_000)
        file.write(b"\0" * 400_000)
    assert torch.equal(loaded["x"], torch.ones(100_000))


def test_other_safetensors_files_are_refused(tmp_path):
    safetensors.torch.save_file({"x": torch.ones(1)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="no checkpoint of this toolkit"):
        checkpoint.load(tmp_path / "w.safetensors")
