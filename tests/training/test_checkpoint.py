"""A checkpoint gives back what was saved, and an interrupted write costs nothing."""

from __future__ import annotations

import pytest
import safetensors.torch
import torch

from restore.errors import InputError
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

    def full_disk(tensors, filename, metadata):
        filename.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, {"x": torch.zeros(2)})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_other_safetensors_files_are_refused(tmp_path):
    safetensors.torch.save_file({"x": torch.ones(1)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="no checkpoint of this toolkit"):
        checkpoint.load(tmp_path / "w.safetensors")
