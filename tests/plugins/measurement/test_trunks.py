"""The networks' shapes, against the published layer tables."""

from __future__ import annotations

import pytest
import torch

from restore_measurement.networks import NETWORKS
from restore_measurement.trunks import alexnet, squeezenet, vgg16

MADE = {"alex": alexnet, "squeeze": squeezenet, "vgg": vgg16}


@pytest.mark.parametrize(
    ("make", "parameters"), [(alexnet, 2_469_696), (squeezenet, 722_496), (vgg16, 14_714_688)]
)  # the literature's counts of the convolutional parts
def test_number_of_parameters(make, parameters):
    assert sum(weight.numel() for weight in make().layers.parameters()) == parameters


@pytest.mark.parametrize(
    ("make", "sides"),
    [(alexnet, [55, 27, 13, 13, 13]), (squeezenet, [111, 55, 27, 13, 13, 13, 13]), (vgg16, [224, 112, 56, 28, 14])],
)
def test_features_of_a_224_pixel_image(make, sides):
    trunk = make()
    image = torch.zeros(1, 3, 224, 224)
    with torch.no_grad():
        shapes = [(tuple(a.shape), tuple(b.shape), bool((a >= 0).all())) for a, b in trunk.features(image, image)]
    assert shapes == [((1, c, s, s), (1, c, s, s), True) for c, s in zip(trunk.channels, sides, strict=True)]


@pytest.mark.parametrize("name", MADE)
def test_layers_have_the_names_of_the_published_files(name):
    layers = NETWORKS[name].layers
    names = {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}
    assert set(MADE[name]().layers.state_dict()) == names
