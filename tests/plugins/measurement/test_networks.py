"""The networks of LPIPS are those that torchvision publishes."""

from __future__ import annotations

import pytest
import torch

from restore.published import Network
from restore.registry import registry
from restore_measurement.networks import NETWORKS


def same(first, second):
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


def test_the_registry_tells_of_them():
    assert registry().find("metric", "lpips").spec.networks == tuple(NETWORKS.values())
    assert [network.name for network in NETWORKS.values()] == ["lpips-alex", "lpips-squeeze", "lpips-vgg"]


def test_the_known_networks_are_torchvisions():
    for one in NETWORKS.values():
        assert one.url.startswith("https://download.pytorch.org/models/")
        assert f"-{one.sha256[:8]}.pth" in one.url  # torchvision writes the hash into the name
        assert one.known <= len(one.layers)


@pytest.mark.parametrize(
    ("net", "file"),
    [
        ("alex", "alexnet_features_torchvision.pth"),
        ("squeeze", "squeezenet1_1_features_torchvision.pth"),
    ],
)
def test_torchvisions_features_are_known(shared_data, tmp_path, monkeypatch, net, file):
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path))
    known = Network(NETWORKS[net])
    known.take(shared_data / "lpips" / file)
    original = torch.load(shared_data / "lpips" / file, weights_only=True)
    assert same(dict(sorted(known.read().items())), dict(sorted(original.items())))
