"""Distance of the features that a classifying network finds in two images."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import InputError, UsageError
from restore.parts import Part, mark
from restore.published import Network
from restore.trunks import Trunk, alexnet, squeezenet, vgg16, vgg19
from restore_losses.checks import pair, precise
from restore_losses.networks import NETWORKS

Net = Literal["vgg19", "vgg19-torchvision", "vgg16", "alexnet", "squeezenet"]

CAFFE_MEANS = (103.939, 116.779, 123.68)
"""Of B, G, R from 0 to 255, that the original VGG networks were trained without."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of R, G, B from 0 to 1, for torchvision's networks."""
PAPER_SCALE = 1 / 12.75
"""SRGAN, section 3.2: brings squared VGG features to the scale of squared pixels; 1 / 12.75**2 is its 0.006."""


def caffe(image: Tensor) -> Tensor:
    """Return BGR from 0 to 255 without the means."""
    return image.flip(1) * 255 - image.new_tensor(CAFFE_MEANS).view(1, 3, 1, 1)


def imagenet(image: Tensor) -> Tensor:
    """Return RGB without its mean, over its standard deviation."""
    mean, std = (image.new_tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (image - mean) / std


@dataclass(frozen=True, kw_only=True)
class Eye:
    """A network with what belongs to it."""

    make: Callable[[], Trunk]
    prepare: Callable[[Tensor], Tensor]
    """From RGB in [0, 1] to what it was trained on."""
    scale: float


EYES: Mapping[Net, Eye] = {
    "vgg19": Eye(make=vgg19, prepare=caffe, scale=PAPER_SCALE),
    "vgg19-torchvision": Eye(make=vgg19, prepare=imagenet, scale=1.0),
    "vgg16": Eye(make=vgg16, prepare=imagenet, scale=1.0),
    "alexnet": Eye(make=alexnet, prepare=imagenet, scale=1.0),
    "squeezenet": Eye(make=squeezenet, prepare=imagenet, scale=1.0),
}


class Perceptual(Loss):
    """``sum over layers l of w_l * mean over c, x, y of d(scale * (f_l(prediction) - f_l(target)))``.

    ``f_l`` are a layer's features after its activation, ``(C_l, H_l, W_l)``, and ``d`` the square or the absolute
    value. Images are RGB in [0, 1], gray is replicated; each network gets the normalisation that it was trained with.
    Differences are computed in float32, the features in the precision of autocast.

    The size of this term differs by orders of magnitude between implementations: by normalisation, by scale, and by
    the **sum over channels** that SRGAN's equation 5 prints, which is ``channels=sum``. Look at the terms and their
    gradients before you borrow a weight.

    Args:
        net: ``vgg19``, the original network that the paper uses; torchvision's ``vgg19-torchvision``, ``vgg16``,
            ``alexnet``, ``squeezenet``.
        layers: ``relu2_2+relu3_4``, as far as the weights reach; ``relu1`` to ``relu5`` of alexnet; ``relu1``,
            ``fire2`` to ``fire9`` of squeezenet. ``phi2_2`` is the paper's name for ``relu2_2``.
        weights: of the layers, one for each; none: 1 each.
        distance: ``mse`` as the paper, or ``l1``.
        channels: ``mean``, or ``sum`` as the paper prints it.
        scale: of the features; none: the paper's 1 / 12.75 for vgg19, 1 for the others.

    Raises:
        UsageError: a layer that the network lacks, or another number of weights than of layers.
        WeightsError: the network's weights are not in the store.
    """

    def __init__(
        self,
        net: Net = "vgg19",
        layers: tuple[str, ...] = ("relu2_2",),
        weights: tuple[float, ...] | None = None,
        distance: Literal["mse", "l1"] = "mse",
        channels: Literal["mean", "sum"] = "mean",
        scale: float | None = None,
    ) -> None:
        super().__init__()
        self.weights = (1.0,) * len(layers) if weights is None else weights
        if len(self.weights) != len(layers) or not layers:
            raise UsageError(
                f"perceptual has {len(layers)} layers and {len(self.weights)} weights",
                "give a weight for each layer: layers=relu2_2+relu3_4,weights=1+0.5",
            )
        self.net: Net = net
        self.distance, self.channels = distance, channels
        self.scale = EYES[net].scale if scale is None else scale
        known = _network(net, torch.device("cpu"), torch.float32)
        self.places = [_place(net, name, known) for name in layers]
        seen_with = Network(NETWORKS[net])
        name = seen_with.spec.name
        mark(self, Part(kind="network", name=name, weights=name, sha256=seen_with.held))

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``; no gradient reaches the target.

        Raises:
            UsageError: no target.
            InputError: images of another shape, too small, or neither gray nor RGB.
        """
        first, second = pair("perceptual", prediction, target)
        if first.shape[1] not in (1, 3):
            raise InputError(f"perceptual compares gray or RGB images, not {first.shape[1]} channels")
        network, prepare = _network(self.net, first.device, first.dtype), EYES[self.net].prepare
        a, b = (prepare(image.expand(-1, 3, -1, -1)) for image in (first, second))
        try:
            with torch.no_grad():
                wanted = network.at(b, self.places)
            found = network.at(a, self.places)
        except RuntimeError as error:
            if min(first.shape[-2:]) > SMALLEST:
                raise
            raise InputError(
                f"{tuple(first.shape[-2:])} pixels are too few for {self.net}", "use larger images"
            ) from error
        total = first.new_zeros(len(first))
        for weight, f, g in zip(self.weights, found, wanted, strict=True):
            difference = (precise(f) - precise(g)) * self.scale
            distance = difference.square() if self.distance == "mse" else difference.abs()
            over = distance.sum(1) if self.channels == "sum" else distance.mean(1)
            total = total + weight * over.flatten(1).mean(1)
        return total


SMALLEST = 64
"""Pixels of a side from which every layer of every network has a place."""


def _place(net: Net, name: str, known: Trunk) -> int:
    """Return the number of a layer. Raises UsageError if the network, as far as its weights are here, lacks it."""
    asked = re.sub(r"^phi(\d)[,_](\d)$", r"relu\1_\2", name)
    reach = len(known.layers)
    if known.names.get(asked, reach) >= reach:
        listed = ", ".join(label for label, number in known.names.items() if number < reach)
        cure = f"its layers, as far as its weights are here: {listed}"
        if asked in known.names:
            other = ", or take net=vgg19-torchvision" if net == "vgg19" else ""
            cure += f"\n  import a file of its weights that reaches further{other}"
        raise UsageError(f"{net} has no layer {name!r}" + (" here" if asked in known.names else ""), cure)
    return known.names[asked]


def _network(net: Net, device: torch.device, dtype: torch.dtype) -> Trunk:
    """Return a network as far as its weights reach. Raises WeightsError where they are not in the store."""
    known = Network(NETWORKS[net])
    if known.state == "absent":
        known.read()
    return _filled(net, (known.path, known.path.stat().st_mtime_ns), device, dtype)


@functools.lru_cache(maxsize=8)
def _filled(
    net: Net,
    file: tuple[Path, int],  # noqa: ARG001 - a part of the key: another import may reach further
    device: torch.device,
    dtype: torch.dtype,
) -> Trunk:
    """Return a network with its weights, read once for each device, precision and state of the file."""
    state, trunk = Network(NETWORKS[net]).read(), EYES[net].make()
    reach = max(int(name.partition(".")[0]) for name in state) + 1  # the activation after the last convolution
    layers: Any = trunk.layers[: max(place for place in trunk.names.values() if place <= reach) + 1]
    layers.load_state_dict(state)
    layers.eval().requires_grad_(False).to(device, dtype, memory_format=torch.channels_last)
    return Trunk(layers=layers, names=trunk.names, taps=trunk.taps, channels=trunk.channels)
