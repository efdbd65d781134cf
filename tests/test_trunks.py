"""The networks' shapes, against the published layer tables."""

from __future__ import annotations

import pytest
import torch

from restore.published import find
from restore.trunks import alexnet, squeezenet, vgg16, vgg19

MADE = {"lpips-alex": alexnet, "lpips-squeeze": squeezenet, "lpips-vgg": vgg16}


@pytest.mark.parametrize(
    ("make", "parameters"),
    [(alexnet, 2_469_696), (squeezenet, 722_496), (vgg16, 14_714_688), (vgg19, 20_024_384)],
)  # the literature's counts of the convolutional parts
def test_number_of_parameters(make, parameters):
    assert sum(weight.numel() for weight in make().layers.parameters()) == parameters


@pytest.mark.parametrize(
    ("make", "sides"),
    [
        (alexnet, [55, 27, 13, 13, 13]),
        (squeezenet, [111, 55, 27, 13, 13, 13, 13]),
        (vgg16, [224, 112, 56, 28, 14]),
        (vgg19, [224, 112, 56, 28, 14]),
    ],
)
def test_features_of_a_224_pixel_image(make, sides):
    trunk = make()
    image = torch.zeros(1, 3, 224, 224)
    with torch.no_grad():
        shapes = [(tuple(a.shape), tuple(b.shape), bool((a >= 0).all())) for a, b in trunk.features(image, image)]
    assert shapes == [((1, c, s, s), (1, c, s, s), True) for c, s in zip(trunk.channels, sides, strict=True)]


@pytest.mark.parametrize("name", MADE)
def test_layers_have_the_names_of_the_published_files(name):
    layers = find(name).spec.layers
    names = {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}
    assert set(MADE[name]().layers.state_dict()) == names


@pytest.mark.parametrize(
    ("make", "name", "number"),
    [
        (vgg19, "relu1_1", 1), (vgg19, "relu2_2", 8), (vgg19, "relu3_4", 17), (vgg19, "relu5_4", 35),
        (vgg16, "relu3_3", 15), (alexnet, "relu5", 11), (squeezenet, "fire9", 12),
    ],
)  # fmt: skip
def test_layers_have_names(make, name, number):
    """Torchvision's numbers, as publications that use its networks quote them."""
    assert make().names[name] == number


@pytest.mark.parametrize("make", [alexnet, squeezenet, vgg16])
def test_named_features_are_those_at_the_taps(make):
    trunk = make()
    first, second = torch.rand(2, 1, 3, 48, 40, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        both = list(trunk.features(first, second))
        for image, place in ((first, 0), (second, 1)):
            asked = trunk.at(image, trunk.taps[::-1])
            assert all(torch.equal(a, pair[place]) for a, pair in zip(asked, both[::-1], strict=True))
