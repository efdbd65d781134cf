"""The generator of SRGAN, which trained without a critic is SRResNet.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
CVPR 2017 (arXiv 1609.04802v5), figure 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from restore.contracts import Model, Observation
from restore.errors import UsageError
from restore_srgan.streaming import FEW, Chain, Convolution, Pointwise, Skip, Stage, Strips, stream, streamed
from restore_srgan.symmetries import self_ensemble

STAGES = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
STRIP = 8192
"""Pixels whose features the cache holds; in three channels, more numbers than ``FEW``."""
OUTPUT_STRIP = 32768
"""Pixels of the output, before which there are many more channels."""


class SRResNet(Model):
    """Residual super-resolution network with sub-pixel upsampling.

    With the defaults this is the paper's generator: 16 blocks of 64 channels with batch norm, 1 547 350
    parameters, whose last convolution yields [-1, 1]. ``norm="none"`` drops the norms (their artefacts go
    with them, as in EDSR) and ``skip="bilinear"`` lets the network predict only what bilinear upscaling
    lacks; that residual is small, so that bfloat16 arithmetic costs the picture next to nothing.

    Args:
        scale: output side over input side: 2, 3, 4 or 8.
        blocks: residual blocks.
        channels: feature channels.
        norm: ``batch`` as the paper, or ``none``.
        skip: ``none`` as the paper, or ``bilinear`` to add the bilinearly upscaled input to the output.
        ensemble: average over the image's eight symmetries, for eight times the work.

    Raises:
        UsageError: an unsupported scale, or a size below 1.
    """

    def __init__(
        self,
        scale: int = 4,
        blocks: int = 16,
        channels: int = 64,
        norm: Literal["batch", "none"] = "batch",
        skip: Literal["none", "bilinear"] = "none",
        ensemble: bool = False,
    ) -> None:
        super().__init__()
        if scale not in STAGES:
            raise UsageError(f"srresnet cannot upscale by {scale}", f"scale is one of {', '.join(map(str, STAGES))}")
        if blocks < 1 or channels < 1:
            raise UsageError(f"srresnet needs blocks and channels of at least 1, not {blocks} and {channels}")
        self.scale: int = scale
        self.skip, self.ensemble = skip, ensemble
        self.receptive_field = receptive_field(scale, blocks)
        self.head = nn.Sequential(nn.Conv2d(3, channels, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(*(ResidualBlock(channels, norm) for _ in range(blocks)), *_conv_norm(channels, norm))
        self.upsampling = nn.Sequential(*(SubPixel(channels, factor) for factor in STAGES[scale]))
        self.tail = nn.Conv2d(channels, 3, 9, padding=4)
        if norm == "none":
            shrink_residuals(self.body)

    def forward(self, observation: Observation) -> Tensor:
        """Return ``(B, 3, scale*H, scale*W)`` for an image ``(B, 3, H, W)`` in [0, 1]."""
        if self.ensemble:
            return self_ensemble(self._upscaled, observation.image)
        return self._upscaled(observation.image)

    def _upscaled(self, image: Tensor) -> Tensor:
        if image.device.type == "cpu" and not (self.training or torch.is_grad_enabled()):
            return self._streamed(image)
        features = self.head(image)
        features = features + self.body(features)
        *stages, last = cast(Iterable[SubPixel], self.upsampling)
        for stage in stages:
            features = stage(features)
        return self._finished(phase_convolution(self.tail, last.phases(features), last.factor), image)

    def _finished(self, rows: Tensor, image: Tensor, above: int = 0) -> Tensor:
        """Return output rows from what the tail made, and from the image, ``above`` of whose rows end before them."""
        rows = rows.to(image.dtype)
        if self.skip == "none":
            return rows.add(1).div(2)
        return rows + bilinear(image, self.scale)[:, :, above : above + rows.shape[2]]

    def _streamed(self, image: Tensor) -> Tensor:
        """Return the same bits, computed from top to bottom."""
        batch, _, height, width = image.shape
        scale = self.scale
        output = image.new_empty(batch, 3, scale * height, scale * width)
        done = 0
        for rows in stream(self._stage(), image, max(STRIP, 1 + FEW // self.tail.in_channels)):
            end = done + rows.shape[2]
            top, bottom = max(done // scale - 1, 0), -(-end // scale) + 1
            output[:, :, done:end] = self._finished(rows, image[:, :, top:bottom], done - scale * top)
            done = end
        return output

    def _stage(self) -> Stage:
        """Return all but the skip, as stages."""
        *stages, last = cast(Iterable[SubPixel], self.upsampling)
        conv, _, activation = last
        upsampling = [*stages, conv, activation]
        tail = Convolution(*phase_kernel(self.tail, last.factor))
        fine = Chain([*map(streamed, upsampling), tail, Pointwise(nn.PixelShuffle(last.factor))])
        pixels = max(OUTPUT_STRIP // self.scale**2, 1 + FEW // self.tail.in_channels)
        return Chain([streamed(self.head), Skip(streamed(self.body)), Strips(fine, pixels)])


def bilinear(image: Tensor, scale: int) -> Tensor:
    """Return ``(B, C, scale*H, scale*W)``, as ``F.interpolate`` does, but with the same bits wherever a tile begins.

    torch computes the position of each pixel in float; here its phase decides.
    """
    for axis in (2, 3):
        length = image.shape[axis]
        border = (0, 0, 1, 1) if axis == 2 else (1, 1, 0, 0)
        before, here, after = (F.pad(image, border, mode="replicate").narrow(axis, i, length) for i in range(3))
        shares = [(phase + 0.5) / scale - 0.5 for phase in range(scale)]
        phases = [torch.lerp(here, after if share > 0 else before, abs(share)) for share in shares]
        image = torch.stack(phases, axis + 1).flatten(axis, axis + 1)
    return image


class ResidualBlock(nn.Module):
    """Conv, norm, PReLU, conv, norm, plus the input."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_conv_norm(channels, norm), nn.PReLU(), *_conv_norm(channels, norm))

    def forward(self, features: Tensor) -> Tensor:
        """Return ``(B, channels, H, W)``."""
        return features + self.branch(features)


@streamed.register
def _(block: ResidualBlock) -> Stage:
    return Skip(streamed(block.branch))


class SubPixel(nn.Sequential):
    """Conv to ``factor**2`` times the channels, pixel shuffle, PReLU (Shi et al., CVPR 2016)."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__(nn.Conv2d(channels, channels * factor**2, 3, padding=1), nn.PixelShuffle(factor), nn.PReLU())
        self.factor = factor

    def phases(self, features: Tensor) -> Tensor:
        """Return ``(B, channels * factor**2, H, W)``: the output before its shuffle, which PReLU allows."""
        conv, _, activation = self
        phases: Tensor = activation(conv(features))
        return phases


def phase_convolution(conv: nn.Conv2d, phases: Tensor, factor: int) -> Tensor:
    """Return ``conv(pixel_shuffle(phases))``, computed on the coarse grid.

    A convolution to 3 channels leaves most of a processor's vector units idle. The same sums, as a convolution
    with a smaller kernel from all phases to all phases, use more of them, and spare the shuffle of all channels.

    Args:
        conv: stride 1, odd kernel, "same" padding, from C channels.
        phases: ``(B, C * factor**2, H, W)``.
        factor: of the pixel shuffle.

    Returns:
        ``(B, C', factor * H, factor * W)``.
    """
    kernel, bias = phase_kernel(conv, factor)
    return F.pixel_shuffle(F.conv2d(phases, kernel, bias, padding=kernel.shape[2] // 2), factor)


def phase_kernel(conv: nn.Conv2d, factor: int) -> tuple[Tensor, Tensor | None]:
    """Return the kernel ``(C' * factor**2, C * factor**2, k, k)`` and the bias of ``phase_convolution``."""
    out, channels, side, _ = conv.weight.shape
    reach = side // 2
    coarse = -(-reach // factor)
    tap = torch.arange(-coarse, coarse + 1, device=conv.weight.device)
    phase = torch.arange(factor, device=conv.weight.device)
    # Coarse tap t of input phase i lies at fine position factor * t + i, seen from output phase o.
    index = factor * tap + phase[:, None] - phase[:, None, None] + reach
    index = torch.where((index >= 0) & (index < side), index, side)
    taps = F.pad(conv.weight, (0, 1, 0, 1))[:, :, index][..., index]
    taps = taps.permute(0, 2, 5, 1, 3, 6, 4, 7)
    kernel = taps.reshape(out * factor**2, channels * factor**2, len(tap), len(tap))
    bias = None if conv.bias is None else conv.bias.repeat_interleave(factor**2)
    return kernel, bias


def _conv_norm(channels: int, norm: str) -> list[nn.Module]:
    """A 3x3 convolution, without the bias that a batch norm after it would cancel."""
    if norm == "batch":
        return [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
    return [nn.Conv2d(channels, channels, 3, padding=1)]


@torch.no_grad()
def shrink_residuals(body: nn.Module, factor: float = 0.1) -> None:
    """Start residual branches without norms small, lest their sum explodes (ESRGAN, section 3.1)."""
    for module in body.modules():
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.kaiming_normal_(module.weight)
            module.weight.mul_(factor)
            module.bias.zero_()


@torch.no_grad()
def start_as_nearest(upsampling: nn.Module) -> None:
    """Let sub-pixel stages begin as nearest-neighbour upsampling of a convolution: all phases are given one kernel.

    Random kernels of their own print a grid that training has to unlearn (Aitken et al., arXiv 1707.02937: ICNR).
    """
    for stage in upsampling.modules():
        if isinstance(stage, SubPixel):
            conv = cast(nn.Conv2d, stage[0])
            for values in conv.parameters():
                values.copy_(values[:: stage.factor**2].repeat_interleave(stage.factor**2, 0))


def receptive_field(scale: int, blocks: int) -> int:
    """Return the side, in input pixels, of the region that an output pixel may depend on.

    The 9x9 tail works on output pixels and each sub-pixel stage on its own grid, so the reach is carried
    through the grids in turn, from the last pixel of an input pixel's block, which reaches farthest.
    """
    position = scale - 1 + 4
    grid = scale
    for factor in reversed(STAGES[scale]):
        grid //= factor
        position = position // factor + 1
    return 2 * (position + 2 * blocks + 1 + 4)
