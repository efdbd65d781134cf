"""SRResNet as the paper draws it, with the weights of one of ours."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.contracts import Model, Observation


class Paper(Model):
    """A convolution of 9 x 9 after the last pixel shuffle, planar layout. It shares no memory with the network given.

    Args:
        network: ``srresnet`` or ``srgan``, with ``skip="bilinear"``.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        own = copy.deepcopy(network)
        self.scale = own.scale
        self.head, self.body, self.upsampling, self.tail = own.head, own.body, own.upsampling, own.tail
        self.to(memory_format=torch.contiguous_format)

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, 3, scale * H, scale * W)``."""
        image = observation.image
        features = self.head(image)
        residual = self.tail(self.upsampling(features + self.body(features)))
        return residual + F.interpolate(image, scale_factor=self.scale, mode="bilinear")


def apart(one: Model, other: Model, device: torch.device) -> float:
    """Return how far the results of two networks on one device are apart in float32."""
    image = torch.rand(1, 3, 96, 80, generator=torch.Generator().manual_seed(0)).to(device)
    before, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    try:
        with torch.no_grad():
            return (one(image) - other(image)).abs().max().item()
    finally:
        torch.backends.cudnn.allow_tf32 = before


def same(one: Model, other: Model, device: torch.device) -> None:
    """Stop where two networks that are to be compared are not the same to 1e-5."""
    gap = apart(one, other, device)
    if gap > 1e-5:
        raise SystemExit(f"error: the plain network is another one than ours: they differ by {gap:.1e}")
    print(f"the plain network and ours differ by {gap:.0e} in float32")
