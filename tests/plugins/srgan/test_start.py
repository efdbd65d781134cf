"""What weights to start from are taken, and what a file has to tell of itself."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch

from restore.errors import UsageError, WeightsError
from restore.weights import write
from restore_srgan import start
from restore_srgan.generator import SRResNet
from restore_srgan.start import find_start

TINY = {"scale": 2, "blocks": 1, "channels": 4, "norm": "none", "skip": "bilinear"}


@pytest.fixture
def file(tmp_path):
    """Weights of a small network, with the header that a test asks for."""
    torch.manual_seed(0)

    def written(**metadata):
        path = tmp_path / "first.safetensors"
        write(path, SRResNet(**TINY).state_dict(), metadata)
        return path

    return written


@pytest.mark.parametrize("model", [{}, {"model": "srresnet"}, {"model": "srgan"}])
def test_a_file_that_tells_its_options(file, model):
    found = find_start(str(file(options=json.dumps(TINY), **model)))
    assert (found.scale, found.options) == (2, TINY)
    assert found.network().upsampling[0].factor == 2


def test_the_scale_of_a_file_that_leaves_it_out_is_the_networks(file):
    assert find_start(str(file(options="{}"))).scale == 4


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({}, "does not tell the options"),
        ({"model": "srresnet"}, "does not tell the options"),
        ({"options": "no JSON"}, "does not tell the options"),
        ({"options": "[4]"}, "does not tell the options"),
        ({"options": json.dumps({**TINY, "latent": 100})}, "has no option 'latent'"),
        ({"options": json.dumps({**TINY, "blocks": "many"})}, "option blocks"),
        ({"options": json.dumps({**TINY, "channels": None})}, "option channels"),
        ({"options": json.dumps(TINY), "model": "dcgan-faces"}, "holds weights of dcgan-faces"),
    ],
)
def test_a_file_of_something_else_is_named_with_a_cure(file, metadata, told):
    path = file(**metadata)
    with pytest.raises(WeightsError, match=told) as caught:
        find_start(str(path))
    assert str(path) in caught.value.message
    assert "start from" in caught.value.cure


def test_a_file_that_is_no_safetensors_is_called_so(tmp_path):
    pickled = tmp_path / "first.pth"
    torch.save({"weight": torch.zeros(3)}, pickled)
    with pytest.raises(WeightsError, match=r"first\.pth is not a safetensors file") as caught:
        find_start(str(pickled))
    assert "restore weights convert" in caught.value.cure


def test_a_path_at_which_nothing_is_is_no_name_of_a_model(tmp_path):
    with pytest.raises(WeightsError, match=r"absent\.pth cannot be read"):
        find_start(str(tmp_path / "absent.pth"))


@pytest.mark.parametrize("source", ["", " "])
def test_no_name_at_all_is_refused(source):
    with pytest.raises(UsageError, match="init names no weights") as caught:
        find_start(source)
    assert "init=srresnet.psnr-x4" in caught.value.cure


def test_installed_weights_of_another_network_are_refused(monkeypatch):
    other = SimpleNamespace(factory=lambda: torch.nn.Identity)
    monkeypatch.setattr(start, "registry", lambda: SimpleNamespace(find_weighted=lambda *_: (other, object())))
    with pytest.raises(UsageError, match=r"other\.best are weights of another network"):
        find_start("other.best")
