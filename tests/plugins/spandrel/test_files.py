"""Files that are no network, or more than one: told in a line, and nothing in them is run."""

from __future__ import annotations

import os
import pickle

import pytest
import torch
from torch import nn

import restore
from restore.errors import WeightsError


class Evil:
    """Unpickled, it makes a folder by the shell."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.system, (f"mkdir {self.folder}",)


def refused(path, message):
    with pytest.raises(WeightsError, match=message) as caught:
        restore.load("spandrel", weights=path, device="cpu")
    assert str(path) in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors"])
def test_a_malicious_pickle_is_refused_and_never_run(state, tmp_path, suffix):
    trap, path = tmp_path / "owned", tmp_path / f"net{suffix}"
    content = {"params": {**state("compact"), "x": Evil(str(trap))}}
    message = "not a safetensors file" if suffix == ".safetensors" else "reading it could run code: refused"
    torch.save(content, path)
    refused(path, message)
    torch.save(content, path, _use_new_zipfile_serialization=False)
    refused(path, message)
    path.write_bytes(pickle.dumps(content))
    refused(path, message)
    assert not trap.exists()


def test_a_pickled_module_is_refused(library, tmp_path):
    torch.save(nn.Conv2d(3, 3, 3), tmp_path / "net.pth")
    refused(tmp_path / "net.pth", "reading it could run code: refused")


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("suffix", [".pth", ".pt"])
def test_a_torchscript_archive_is_refused(library, tmp_path, suffix):
    """spandrel's own loader would hand it to torch.jit.load, which runs what is in it."""
    path = tmp_path / f"net{suffix}"
    torch.jit.save(torch.jit.trace(nn.Conv2d(1, 1, 1), torch.zeros(1, 1, 2, 2)), str(path))
    refused(path, "TorchScript archive, which holds a program: refused")


def test_a_file_that_is_missing(library, tmp_path):
    refused(tmp_path / "net.pth", "cannot be read: No such file")
    refused(tmp_path / "net.safetensors", "cannot be read: No such file")
    refused(tmp_path, "cannot be read: Is a directory")


@pytest.mark.parametrize("content", [b"", b"a photograph", b"PK\3\4" + bytes(60)])
def test_a_file_that_is_no_checkpoint(library, tmp_path, content):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    refused(path, "no PyTorch checkpoint, or a damaged one")


def test_a_checkpoint_that_is_cut_short(checkpoint):
    for suffix, message in ((".safetensors", "is cut short"), (".pth", "damaged one")):
        path = checkpoint("esrgan", suffix)
        path.write_bytes(path.read_bytes()[:-1000])
        refused(path, message)


@pytest.mark.parametrize("content", [{}, {"step": 7}, [1, 2], torch.zeros(3), {"weight": torch.zeros(3)}, 5])
def test_a_checkpoint_without_a_network(library, tmp_path, content):
    torch.save(content, tmp_path / "net.pth")
    refused(tmp_path / "net.pth", r"holds no network that spandrel \d")


def test_a_network_that_is_incomplete(state, tmp_path):
    partial = state("esrgan")
    del partial["model.0.bias"]
    torch.save(partial, tmp_path / "net.pth")
    refused(tmp_path / "net.pth", "resembles a network that spandrel .* knows, and does not fit it .*model.0.bias")


def test_weights_of_our_own_are_sent_where_they_belong(library):
    from restore.registry import registry
    from restore.weights import locate

    component, weights = registry().find_weighted("model", "srresnet")
    with pytest.raises(WeightsError, match="holds no network that spandrel") as caught:
        restore.load("spandrel", weights=locate(component, weights), device="cpu")
    assert "restore run NAME --weights FILE" in caught.value.cure
