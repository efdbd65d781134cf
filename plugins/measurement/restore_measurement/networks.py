"""The networks that LPIPS sees with."""

from __future__ import annotations

from collections.abc import Mapping

from restore.plugin import NetworkSpec
from restore.trunk_weights import ALEXNET, SQUEEZENET, VGG16

NETWORKS: Mapping[str, NetworkSpec] = {"alex": ALEXNET, "squeeze": SQUEEZENET, "vgg": VGG16}
"""By what the option ``net`` calls them."""
