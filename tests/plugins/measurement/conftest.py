"""Images, networks and protocols that the tests of the metrics share."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from restore import images
from restore.benchmark import Protocol
from restore.published import Network
from restore.resize import downscale, upscale
from restore_measurement.networks import NETWORKS

TRUNKS = {"alex": "alexnet_features_torchvision.pth", "squeeze": "squeezenet1_1_features_torchvision.pth"}


def _nchw(path):
    return torch.from_numpy(images.load(path).pixels.transpose(0, 3, 1, 2).copy())


@pytest.fixture
def nchw():
    """Read a file as ``(1, C, H, W)`` bytes."""
    return _nchw


@pytest.fixture
def protocol():
    return Protocol(id="plain")


@pytest.fixture(scope="session")
def bicubic_pair(shared_data):
    """What BasicSR's table of metrics is about: MATLAB's bicubic x4, there and back, of two images of Set14."""

    def make(name):
        original = _nchw(shared_data / "sr" / "test" / "set14" / f"{name}.png")
        height, width = (side // 12 * 12 for side in original.shape[-2:])
        target = original[..., :height, :width]
        small = (downscale(target.double() / 255, 4).clamp(0, 1) * 255).round() / 255
        return (upscale(small, 4).clamp(0, 1) * 255).round().byte(), target

    return make


@pytest.fixture(scope="session")
def networks(shared_data, tmp_path_factory):
    """A weights store with the networks that lie beside the checkout; skips without the ``lpips`` package."""
    if importlib.util.find_spec("lpips") is None:
        pytest.skip("the lpips package, which has the linear weights, is not installed")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTORE_HOME", str(home))
        for net, file in TRUNKS.items():
            Network(NETWORKS[net]).take(shared_data / "lpips" / file)
        yield home
