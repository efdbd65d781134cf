"""Device and precision: what the machine is fast in and the model is proved in."""

from __future__ import annotations

import pytest
import torch

from restore.errors import DeviceError, UsageError
from restore.runtime import policy

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))
PROVED = ("float32", "bfloat16")


@pytest.fixture
def machine(monkeypatch):
    """Pretend that the machine has these."""

    def machine(*, cuda=False, mps=False, amx=False, avx512=False, ampere=True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: ampere)

    return machine


@pytest.mark.parametrize(
    ("has", "chosen"),
    [({}, "cpu"), ({"mps": True}, "mps"), ({"cuda": True}, "cuda"), ({"cuda": True, "mps": True}, "cuda")],
)
def test_auto_takes_the_fastest_device(machine, has, chosen):
    machine(**has)
    assert policy.choose_device("auto") == torch.device(chosen)


def test_a_device_by_name():
    assert policy.choose_device("cpu") == CPU


@pytest.mark.parametrize("name", ["tpu", "", "cuda:-1"])
def test_a_device_that_has_no_such_name(name):
    with pytest.raises(UsageError, match=f"no device is called '{name}'"):
        policy.choose_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "meta"])
def test_a_device_that_is_absent(name):
    with pytest.raises(DeviceError, match=f"no device '{name}' here") as caught:
        policy.choose_device(name)
    assert "cpu" in caught.value.cure


@pytest.mark.parametrize(
    ("device", "has", "chosen"),
    [
        (CPU, {}, "float32"),
        (CPU, {"amx": True}, "bfloat16"),
        (CPU, {"avx512": True}, "bfloat16"),
        (CUDA, {}, "bfloat16"),
        (CUDA, {"ampere": False, "amx": True}, "float32"),
        (MPS, {"amx": True}, "float32"),
    ],
)
def test_auto_is_bfloat16_where_it_is_fast_and_proved(machine, device, has, chosen):
    machine(**has)
    assert policy.choose_precision("auto", device, PROVED) == chosen
    assert policy.choose_precision("auto", device, ("float32",)) == "float32"


def test_a_precision_by_name_holds_whatever_is_proved():
    assert policy.choose_precision("bfloat16", CPU, ("float32",)) == "bfloat16"
    assert policy.choose_precision("float32", CUDA, PROVED) == "float32"
    assert policy.choose_precision("float16", CUDA, PROVED) == "float16"


def test_precisions_that_make_no_sense():
    with pytest.raises(UsageError, match="no precision 'half'"):
        policy.choose_precision("half", CPU, PROVED)
    with pytest.raises(DeviceError, match="float16"):
        policy.choose_precision("float16", CPU, PROVED)
