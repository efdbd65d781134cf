"""A pickle can hold a program: it is refused, and never run."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from restore import weights
from restore.conversion import convert, tensors
from restore.errors import WeightsError

STATE = {"a": torch.arange(3.0), "b": torch.tensor([1, 2])}


class Evil:
    """Unpickled, it makes a folder by the shell: the classical attack."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.system, (f"mkdir {self.folder}",)


def saved(content: object, **options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.fixture
def turn(tmp_path):
    def turned(content: bytes, **options: bool) -> dict[str, torch.Tensor]:
        source = tmp_path / "net.pth"
        source.write_bytes(content)
        convert(source, tmp_path / "net.safetensors", **options)
        return load((tmp_path / "net.safetensors").read_bytes())

    return turned


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_a_malicious_pickle_is_refused_and_never_run(turn, tmp_path, form):
    trap = tmp_path / "owned"
    content = {**STATE, "x": Evil(str(trap))}
    data = {
        "zip": lambda: saved(content),
        "legacy": lambda: saved(content, _use_new_zipfile_serialization=False),
        "pickle": lambda: pickle.dumps(content["x"]),
    }[form]()
    with pytest.raises(WeightsError, match="reading it could run code: refused"):
        turn(data)
    assert not trap.exists()
    assert not (tmp_path / "net.safetensors").exists()
    if form == "pickle":  # the trap works: this is what the refusal saves from
        pickle.loads(data)
        assert trap.exists()


def test_a_whole_module_is_refused(turn):
    with pytest.raises(WeightsError, match="holds more than tensors") as caught:
        turn(saved(nn.Linear(2, 2)))
    assert "state_dict" in caught.value.cure


WHOLE = saved({"a": torch.ones(2000)})
OLD = saved({"a": torch.ones(2000)}, _use_new_zipfile_serialization=False)
DAMAGED = {
    "empty": b"", "text": b"hello world, no checkpoint\n" * 9, "half a zip": WHOLE[: len(WHOLE) // 2],
    "half a legacy file": OLD[: len(OLD) // 2], "the start of a legacy file": OLD[:60],
}  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_checkpoint_is_told(turn, content):
    with pytest.raises(WeightsError, match="no PyTorch checkpoint, or a damaged one") as caught:
        turn(content)
    assert "\n" not in caught.value.message
    assert caught.value.cure


def test_safetensors_need_no_conversion(turn):
    with pytest.raises(WeightsError, match="a safetensors file already"):
        turn(save(STATE))


def test_absent_files_and_folders_are_told(tmp_path):
    for path, reason in ((tmp_path / "absent.pth", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(WeightsError, match=f"cannot be read: {reason}"):
            convert(path, tmp_path / "net.safetensors")


@pytest.mark.parametrize(
    "nested",
    [
        STATE,
        OrderedDict(STATE),
        {"state_dict": STATE, "epoch": 3, "args": {"lr": 0.1}},
        {"params_ema": STATE, "params": {"a": torch.zeros(3)}},
        {"model": {"state_dict": {f"module.{name}": value for name, value in STATE.items()}}},
        {**STATE, "epoch": 3, "name": "net"},
        {name: nn.Parameter(value) if value.is_floating_point() else value for name, value in STATE.items()},
    ],
    ids=["plain", "ordered", "nested", "averaged", "data parallel", "with remarks", "parameters"],
)
def test_the_tensors_come_out_of_common_nestings(turn, nested):
    found = turn(saved(nested))
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)


def test_the_file_says_where_it_comes_from(turn, tmp_path):
    turn(saved(STATE))
    metadata = weights.header(tmp_path / "net.safetensors").metadata
    assert metadata == {"source": "net.pth", "source_sha256": weights.digest(tmp_path / "net.pth")}


def test_the_target_may_have_a_long_name_and_is_on_the_disk_before_it_has_it(tmp_path, monkeypatch):
    synced, sync = [], os.fsync

    def noted(handle):
        synced.append((os.fstat(handle).st_ino, os.fstat(handle).st_size, target.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    (tmp_path / "net.pth").write_bytes(saved(STATE))
    target = tmp_path / "new" / ("n" * 243 + ".safetensors")
    convert(tmp_path / "net.pth", target)
    assert torch.equal(load(target.read_bytes())["a"], STATE["a"])
    assert synced == [(target.stat().st_ino, target.stat().st_size, False)]
    assert list(target.parent.iterdir()) == [target]


def test_half(turn):
    assert turn(saved(STATE), half=True)["a"].dtype is torch.float16


@pytest.mark.parametrize("content", [[torch.ones(3)], torch.ones(3), {"epoch": 3}, {}, 3])
def test_nothing_to_convert(turn, content):
    with pytest.raises(WeightsError, match="holds no tensors by name"):
        turn(saved(content))


@pytest.mark.parametrize(
    ("tensor", "told"),
    [(torch.eye(3).to_sparse(), "a is sparse"), (torch.ones(3, device="meta"), "a is without data")],
)
def test_tensors_that_safetensors_cannot_hold_are_told(turn, tensor, told):
    with pytest.raises(WeightsError, match=told):
        turn(saved({"a": tensor}))


def test_a_dictionary_that_contains_itself_ends():
    endless: dict[str, object] = {}
    endless["model"] = endless
    assert tensors(endless) == {}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_archive_is_a_program(turn, tmp_path):
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 2, 2)), buffer)
    with pytest.raises(WeightsError, match="TorchScript archive, which holds a program: refused"):
        turn(buffer.getvalue())
