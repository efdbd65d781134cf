"""The digit generators of CoGAN: one network from the noise on, which parts into two near the image.

Liu and Tuzel, "Coupled Generative Adversarial Networks", NIPS 2016 (arXiv 1606.07536); what the paper leaves open is
as in its authors' code.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restore.errors import UsageError

CHANNELS = (1024, 512, 256, 128)
"""Of the paper's maps, 4, 7, 13 and 25 pixels wide; the image has 28."""
LAYERS = len(CHANNELS) + 1
PADDING = 1
"""Pixels that the last layer cuts off at each border."""


class GeneratorPair(nn.Module):
    """Two generators whose first layers are one: the same latent means the same in both domains.

    Args:
        latent: how many numbers a latent has.
        width: share of the paper's channels, 1 for its 7.8 million parameters.
        tied: how many layers the two have in common, counted from the noise: 4 as the paper; 0: none.

    Raises:
        UsageError: no such number of layers, widths or latents.
    """

    def __init__(self, latent: int = 100, width: float = 1.0, tied: int = LAYERS - 1) -> None:
        super().__init__()
        if not 0 <= tied < LAYERS:
            raise UsageError(
                f"generators of {LAYERS} layers cannot have {tied} in common",
                f"tied is 0 to {LAYERS - 1}: the last is each domain's own",
            )
        if latent < 1 or not 0 < width < float("inf"):
            raise UsageError(f"no network has latent={latent} and width={width:g}", "both are above 0")
        self.tied = tied
        self.shared = nn.Sequential(*_layers(latent, width)[:tied])
        self.own = nn.ModuleList(nn.Sequential(*_layers(latent, width)[tied:]) for _ in range(2))
        self.apply(as_the_authors)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the images of both domains, ``(n, 1, 28, 28)`` in [0, 1] each; what is shared is computed once."""
        entering = self.shared(z[:, :, None, None])
        first, second = self.own
        if self.tied == LAYERS - 1:
            return _both(entering, first, second)
        return _image(first(entering)), _image(second(entering))

    def one(self, z: Tensor, domain: int) -> Tensor:
        """Return the images of domain 0 or 1 alone."""
        return _image(self.own[domain](self.shared(z[:, :, None, None])))


class ShiftedNorm(nn.BatchNorm2d):
    """Batch norm with a shift and no gain, which the next layer's weights have already."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        """Return ``(x - mean) / deviation + shift`` by channel."""
        statistics = self.running_mean, self.running_var
        if self.training:
            assert self.num_batches_tracked is not None
            self.num_batches_tracked.add_(1)
        return F.batch_norm(input, *statistics, None, self.shift, self.training, self.momentum or 0.0, self.eps)


def as_the_authors(module: nn.Module) -> None:
    """Start as their code: uniform weights (Glorot and Bengio, 2010) with a gain of sqrt 2, biases of 0.1."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight, gain=2**0.5)
        if module.bias is not None:
            nn.init.constant_(module.bias, 0.1)


def _layers(latent: int, width: float) -> list[nn.Module]:
    """From the noise to the image, before the sigmoid."""
    channels = [max(1, round(width * count)) for count in CHANNELS]
    first = _upwards(nn.ConvTranspose2d(latent, channels[0], 4, bias=False))
    grown = [
        _upwards(nn.ConvTranspose2d(coarse, fine, 3, stride=2, padding=1, bias=False))
        for coarse, fine in pairwise(channels)
    ]
    return [first, *grown, nn.ConvTranspose2d(channels[-1], 1, 6, padding=PADDING)]


def _upwards(convolution: nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, ShiftedNorm(convolution.out_channels), nn.PReLU())


def _both(entering: Tensor, first: nn.Module, second: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the images of two last layers, as one convolution: two maps take no longer than one."""
    weight, bias = (
        torch.cat([layer.get_parameter(name) for layer in (first, second)], dimension)
        for name, dimension in (("0.weight", 1), ("0.bias", 0))
    )
    images = _image(F.conv_transpose2d(entering, weight, bias, padding=PADDING))
    return images[:, :1], images[:, 1:]


def _image(values: Tensor) -> Tensor:
    """In float32 at least, so that an image has more than bfloat16's 8 bits."""
    return F.sigmoid(values.to(torch.promote_types(values.dtype, torch.float32)))
