"""A weights store with the networks that lie beside the checkout."""

from __future__ import annotations

import pytest

from restore.published import Network
from restore_losses.networks import NETWORKS

FILES = {
    "vgg19": "vgg19/vgg19_caffe_features_to_relu3_4.pth",
    "alexnet": "lpips/alexnet_features_torchvision.pth",
    "squeezenet": "lpips/squeezenet1_1_features_torchvision.pth",
}


@pytest.fixture(scope="session")
def stored(shared_data, tmp_path_factory):
    """The names of the networks that are there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTORE_HOME", str(tmp_path_factory.mktemp("home")))
        for net, file in FILES.items():
            Network(NETWORKS[net]).take(shared_data / file)
        yield tuple(FILES)
