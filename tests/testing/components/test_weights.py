"""Weights in a package: whole, described, fitting; and each way in which they are not."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch
from torch import nn

from restore import weights as store
from restore.plugin import BlendSpec, ModelSpec, WeightsSpec
from restore.registry import Registry
from restore.testing import CheckFailed, Inapplicable
from restore.testing.components.weights import (
    weights_are_described,
    weights_are_whole,
    weights_can_be_moved,
    weights_load,
)

CHECKS = (weights_are_whole, weights_are_described, weights_load)


class Net(nn.Module):
    def __init__(self, width: int = 2, spread: int = 1) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, width, 1)


@pytest.fixture
def folder(site):
    """The package that holds the weights."""
    return site.install("restore-weighted", "", files={"net.md": "# Net\nTrained on nothing."})


@pytest.fixture
def weighted(folder, subject_of):
    path = folder / "net.safetensors"
    store.write(path, Net(width=5).state_dict(), {})
    weights = WeightsSpec(
        tag="small", file="restore_weighted:net.safetensors", card="restore_weighted:net.md", licence="CC0-1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(), options={"width": 5},
    )  # fmt: skip
    spec = ModelSpec(name="net", factory=f"{__name__}:Net", task="nothing")

    def subject(**changes):
        return subject_of(replace(spec, weights=(replace(weights, **changes),)))

    return subject


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_good_weights_and_none(weighted, subject_of, check):
    check(weighted())
    with pytest.raises(Inapplicable):
        check(subject_of(replace(weighted().spec, weights=())))


def test_a_file_that_the_package_lacks(weighted):
    with pytest.raises(
        CheckFailed, match=r"neither there nor in the store(.|\n)*restore weights import net.small FILE"
    ):
        weights_are_whole(weighted(file="restore_weighted:absent.safetensors"))


def test_imported_weights_will_do(weighted, folder, tmp_path):
    subject = weighted()
    [weights] = subject.component.weights
    store.install(folder / "net.safetensors", subject.component, weights)
    (folder / "net.safetensors").unlink()
    weights_are_whole(subject)
    weights_load(subject)


def test_another_hash(weighted, folder):
    found = hashlib.sha256((folder / "net.safetensors").read_bytes()).hexdigest()
    with pytest.raises(CheckFailed, match=f'cure: if the file is the right one.*sha256="{found}"'):
        weights_are_whole(weighted(sha256="0" * 64))


def test_a_pickle_with_the_name_of_another_format(weighted, folder):
    torch.save(Net().state_dict(), folder / "net.safetensors")
    with pytest.raises(CheckFailed, match=r"is a safetensors file(.|\n)*restore weights convert"):
        weights_are_whole(weighted())


def test_no_card_no_licence(weighted, folder):
    with pytest.raises(CheckFailed, match=r"a card of the weights 'small'(.|\n)*found: none"):
        weights_are_described(weighted(card=""))
    with pytest.raises(CheckFailed, match=r"nothing at restore_weighted:absent.md"):
        weights_are_described(weighted(card="restore_weighted:absent.md"))
    with pytest.raises(CheckFailed, match="the licence of the weights 'small'"):
        weights_are_described(weighted(licence=""))


def test_weights_of_another_network(weighted):
    with pytest.raises(
        CheckFailed, match=r"layer.weight is \(5, 3, 1, 1\), not \(2, 3, 1, 1\)(.|\n)*WeightsSpec.options"
    ):
        weights_load(weighted(options={}))


@pytest.fixture
def ends(weighted, monkeypatch):
    """Return what makes a subject whose weights go towards those that the registry then holds."""

    def subject(option="calm", **other):
        found = weighted(**other).component
        monkeypatch.setattr("restore.blending.registry", lambda: Registry((), (found,)))
        return weighted(blend=BlendSpec(option=option, towards="net.small"))

    return subject


def test_weights_between_two(ends, weighted):
    weights_can_be_moved(ends())
    with pytest.raises(Inapplicable, match="none of its weights have a blend"):
        weights_can_be_moved(weighted())


def test_another_end_of_another_network(ends):
    with pytest.raises(CheckFailed, match=r"no weights of one network(.|\n)*BlendSpec.towards"):
        weights_can_be_moved(ends(options={"width": 4}))
    with pytest.raises(CheckFailed, match=r"has no weights 'small'"):
        weights_can_be_moved(ends(tag="large"))


def test_an_option_that_hides_one_of_the_factory(ends):
    with pytest.raises(CheckFailed, match=r"no option 'spread'(.|\n)*rename one of them"):
        weights_can_be_moved(ends(option="spread"))
