"""The published weights of the trunks, for the descriptors of what sees with them."""

from __future__ import annotations

from restore.artifacts import NetworkSpec

HOST = "https://download.pytorch.org/models"


def _fires(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number}.{part}" for number in numbers for part in ("squeeze", "expand1x1", "expand3x3"))


ALEXNET = NetworkSpec(
    name="lpips-alex",
    url=f"{HOST}/alexnet-owt-7be5be79.pth",
    sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    prefix="features.",
    layers=("0", "3", "6", "8", "10"),
    digest="168aabc9db1aad7c41109e4c9304e638f05f8996f3abb12fe79ee5b6f895aed2",
    known=5,
    summary="features of torchvision's AlexNet",
    licence="BSD-3-Clause",
)
SQUEEZENET = NetworkSpec(
    name="lpips-squeeze",
    url=f"{HOST}/squeezenet1_1-b8a52dc0.pth",
    sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
    prefix="features.",
    layers=("0", *_fires(3, 4, 6, 7, 9, 10, 11, 12)),
    digest="c02acca3acb95a96f049fb6b56ad340f6f387b341ee3a535db0ea1dcf3c16350",
    known=25,
    summary="features of torchvision's SqueezeNet 1.1",
    licence="BSD-3-Clause",
)
VGG16 = NetworkSpec(
    name="lpips-vgg",
    url=f"{HOST}/vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    prefix="features.",
    layers=("0", "2", "5", "7", "10", "12", "14", "17", "19", "21", "24", "26", "28"),
    digest="6dfdcb9e502404053b080be0f3d9b34c2e34c515eca3dc1aee8a16a415ee59ac",
    known=4,
    summary="features of torchvision's VGG16",
    licence="BSD-3-Clause",
)
"""As torchvision publishes them; they bear the names of their first use, LPIPS."""
_BLOCKS_4_AND_5 = ("19", "21", "23", "25", "28", "30", "32", "34")
VGG19 = NetworkSpec(
    name="vgg19-caffe",
    prefix="features.",
    layers=("0", "2", "5", "7", "10", "12", "14", "16"),
    digest="c4d1555e3f8bc11019335a68a21b49d1bc0a2131568f33e1c1714e5c1fb40767",
    known=8,
    further=tuple((layer, (512, 256 if layer == "19" else 512, 3, 3)) for layer in _BLOCKS_4_AND_5),
    summary="features of the original VGG19, to relu3_4 or further, for BGR from 0 to 255",
    licence="CC-BY-4.0",
)
"""The original of the authors, in Caffe's layout of colours; imported only."""
VGG19_TORCHVISION = NetworkSpec(
    name="vgg19-torchvision",
    url=f"{HOST}/vgg19-dcbb9e9d.pth",
    sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
    prefix="features.",
    layers=(*VGG19.layers, *_BLOCKS_4_AND_5),
    summary="features of torchvision's VGG19",
    licence="BSD-3-Clause",
)
"""Trained anew, for RGB over its standard deviation; no digest of its tensors is known here, only its file's hash."""
