"""The networks that the perceptual loss sees with."""

from __future__ import annotations

from collections.abc import Mapping

from restore.plugin import NetworkSpec
from restore.trunk_weights import ALEXNET, SQUEEZENET, VGG16, VGG19, VGG19_TORCHVISION

NETWORKS: Mapping[str, NetworkSpec] = {
    "vgg19": VGG19,
    "vgg19-torchvision": VGG19_TORCHVISION,
    "vgg16": VGG16,
    "alexnet": ALEXNET,
    "squeezenet": SQUEEZENET,
}
"""By what the option ``net`` calls them."""
