"""LPIPS: how far two images are apart in the features of a network (Zhang et al., CVPR 2018), version 0.1."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from restore import weights
from restore.benchmark.flags import exact
from restore.benchmark.protocol import Protocol
from restore.conversion import read
from restore.errors import DamagedWeightsError, InputError, UsageError, WeightsError
from restore.published import Network, digest_of
from restore.trunks import Trunk, alexnet, squeezenet, vgg16
from restore_measurement.networks import NETWORKS

Net = Literal["alex", "squeeze", "vgg"]

VERSION = "0.1"
SMALLEST = 32
"""Pixels; below it the last features of AlexNet have no place."""
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of R, G, B in [-1, 1], as in the authors' code."""
EPSILON = 1e-10
"""Added to the length of a feature vector, as in the authors' code."""
SLACK = 1e-3
"""How far beyond [0, 1] a value may be before the range is taken to be another."""
TRUNKS = {"alex": alexnet, "squeeze": squeezenet, "vgg": vgg16}
HEADS = {
    "alex": "b38b3fb8b0590668c2af08608e2d0b78add952ef3aed33b39d7fa4b3e4f9a123",
    "squeeze": "319da41de36cabc383f80559c8342ed1d8a09f5bb5e21b8b9750287d2039eacb",
    "vgg": "026c5bfab73612599c4341afb3bb2fedcc13eb8152e79c689826883038e65406",
}
"""Digests of the linear weights of version 0.1, over their tensors."""


class LPIPS:
    """Learned perceptual distance, 0 for identical images.

    The whole image, or its holes, are compared in RGB, whatever the protocol crops and whichever colour it takes; gray
    is replicated to three channels. Where the protocol rounds, float images are rounded first. The network
    computes in float32 with TF32 off, the averages in float64.

    Args:
        net: ``alex`` is what papers report; ``squeeze``, ``vgg``.
    """

    label: ClassVar[str] = "LPIPS"
    digits: ClassVar[int] = 4
    higher_is_better: ClassVar[bool] = False

    def __init__(self, net: Net = "alex") -> None:
        self.net = net

    def __call__(self, prediction: Tensor, target: Tensor, protocol: Protocol, *, mask: Tensor | None = None) -> Tensor:
        """Return ``(B,)`` float64; NaN where a mask has no missing pixel.

        Args:
            prediction: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8; C is 1 or 3.
            target: the same shape.
            protocol: says the version, and whether float images are rounded.
            mask: ``(B, 1, H, W)``, 1 = missing: features are compared where these pixels are, and known ones, which
                they see too, are the target's.

        Raises:
            InputError: shapes that differ, a side below 32 pixels, another dtype, or values outside ``[0, 1]``.
            UsageError: a version other than 0.1.
            WeightsError: the network or its linear weights are not here.
            DamagedWeightsError: they are, and are not what was published.
        """
        if protocol.lpips_version != VERSION:
            raise UsageError(
                f"protocol {protocol.id} asks for LPIPS {protocol.lpips_version}", f"version {VERSION} is what there is"
            )
        _check(prediction, target)
        first, second = (_signed(image, protocol.rounding == "uint8") for image in (prediction, target))
        if mask is not None:
            first = torch.where(mask > 0, first, second)
        trunk, heads = _network(self.net, _places(self.net), first.device)
        total = torch.zeros(len(first), dtype=torch.float64, device=first.device)
        with torch.no_grad(), torch.autocast(first.device.type, enabled=False), exact():
            for (a, b), head in zip(trunk.features(first, second), heads, strict=True):
                total += _mean(_distances(a, b, head), mask)
        return total

    def describe(self) -> str:
        """Return in one line what is computed, and with which weights."""
        return (
            f"LPIPS {VERSION} ({self.net}), whole image in RGB, gray replicated; "
            f"network {NETWORKS[self.net].digest[:12]}, linear weights {HEADS[self.net][:12]}"
        )


def _distances(a: Tensor, b: Tensor, head: Tensor) -> Tensor:
    """Return the weighted squared distance of unit features at each place, ``(B, h, w)``.

    Equal features are at a distance of 0, not of what rounding leaves. Channels come last, as the networks leave them:
    each place is then read in one piece, and the weighted sum is a product of a matrix and a vector.
    """
    a, b = a.movedim(1, -1), b.movedim(1, -1)
    difference = (a / _length(a)).sub_(b / _length(b))
    return difference.square_() @ head


def _mean(distances: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean over places, ``(B,)`` float64; with a mask, each counts by the share of it that is missing."""
    if mask is None:
        return distances.mean((1, 2), dtype=torch.float64)
    share = F.adaptive_avg_pool2d((mask > 0).double(), (distances.shape[1], distances.shape[2]))[:, 0]
    return (distances * share).sum((1, 2)) / share.sum((1, 2))


def _length(features: Tensor) -> Tensor:
    return torch.linalg.vector_norm(features, dim=-1, keepdim=True).add_(EPSILON)


def _signed(image: Tensor, rounded: bool) -> Tensor:
    """Return RGB in float32, shifted and scaled as the networks want it, in the layout that CPUs convolve fastest."""
    levels = image.detach().double()
    if image.dtype != torch.uint8:
        levels = (levels * 255).clamp_(0, 255)
        levels = levels.round_() if rounded else levels
    shift, scale = _scaling(levels.device)
    scaled = (levels * (1 / (127.5 * scale))).sub_((1 + shift) / scale)
    return scaled.to(torch.float32, memory_format=torch.channels_last)


@functools.lru_cache(maxsize=4)
def _scaling(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return shift and scale, ``(1, 3, 1, 1)`` float64; kept, because an upload waits for the device."""
    shift, scale = (torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1) for values in (SHIFT, SCALE))
    return shift.to(device), scale.to(device)


def _check(prediction: Tensor, target: Tensor) -> None:
    if prediction.ndim != 4 or prediction.shape != target.shape or prediction.shape[1] not in (1, 3):
        raise InputError(
            f"the images are {tuple(prediction.shape)} and {tuple(target.shape)}",
            "LPIPS compares gray or RGB images of one size, (B, C, H, W)",
        )
    if prediction.device != target.device:
        raise InputError(f"the images are on {prediction.device} and {target.device}", "move both to one device")
    height, width = prediction.shape[-2:]
    if min(height, width) < SMALLEST or not len(prediction):
        raise InputError(
            f"LPIPS needs {SMALLEST} x {SMALLEST} pixels, and there are {width} x {height}",
            "use larger images, or a protocol without LPIPS",
        )
    others = [image for image in (prediction, target) if image.dtype != torch.uint8]
    for image in others:
        if not image.is_floating_point():
            raise InputError(
                f"LPIPS takes float or uint8, not {str(image.dtype).removeprefix('torch.')}",
                "convert the image: to uint8, or to float in [0, 1]",
            )
    if not others:
        return
    floats = [image.detach().double() for image in others]
    ends = torch.stack([end for image in floats for end in (image.amin(), image.amax())])
    lowest, highest = float(ends.amin()), float(ends.amax())  # NaN passes through both
    if not (lowest >= -SLACK and highest <= 1 + SLACK):
        raise InputError(
            f"LPIPS takes values in [0, 1], and these lie in [{lowest:g}, {highest:g}]",
            "divide by 255, or turn [-1, 1] into [0, 1]; it is converted inside",
        )


def _places(net: Net) -> tuple[Path | None, Path]:
    """Return where the linear weights and the network lie."""
    return weights.resource(f"lpips:weights/v{VERSION}/{net}.pth"), Network(NETWORKS[net]).path


@functools.lru_cache(maxsize=4)
def _network(net: Net, places: tuple[Path | None, Path], device: torch.device) -> tuple[Trunk, tuple[Tensor, ...]]:
    """Return the network and the linear weights of each tap, read once for each device."""
    heads = _heads(net, places[0])
    with torch.device("meta"):  # nothing is drawn for weights that are replaced
        trunk = TRUNKS[net]()
    trunk.layers.load_state_dict(Network(NETWORKS[net]).read(), assign=True)
    layers: Any = trunk.layers.eval().requires_grad_(False).to(device)
    layers.to(memory_format=torch.channels_last)
    return trunk, tuple(head.to(device) for head in heads)


def _heads(net: Net, path: Path | None) -> list[Tensor]:
    """Return the linear weights of each tap, float32, from the files of the ``lpips`` package."""
    if path is None or not path.is_file():
        raise WeightsError(
            "the linear weights of LPIPS come with the package lpips, which is not installed",
            "pip install 'restore-toolkit[lpips]'",
        )
    cure = "pip install --force-reinstall --no-deps lpips==0.1.4"
    try:
        state = read(path)
    except WeightsError as error:
        raise DamagedWeightsError(f"the linear weights of LPIPS cannot be used: {error.message}", cure) from error
    if digest_of(state) != HEADS[net]:
        raise DamagedWeightsError(f"{path} does not hold the linear weights of LPIPS {VERSION}", cure)
    return [state[f"lin{index}.model.1.weight"].float().flatten() for index in range(len(state))]
