"""Training of SRResNet on pixel error."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from restore.errors import UsageError
from restore.training import Supervised
from restore.training.patches import Sampling
from restore_srgan.generator import SRResNet

SCALE = 4


class SRResNetX4(Supervised):
    """SRResNet without norms, on absolute error, with a bilinear skip.

    Args:
        steps: optimisation steps.
        batch_size: patches a step.
        patch: side of a high-resolution patch, in pixels.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        warmup: steps over which the learning rate rises.
        blocks: residual blocks.
        channels: feature channels.
        ema: decay of the moving average of the weights.
        clip: largest norm of the gradient.
        degradation: what makes the low-resolution image.
        sampling: area, so that every patch is as likely as any other, or image, so that every image is.
        init: weights to start from, safetensors of the same network; none: at random.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights and of the patches.
    """

    name = "srresnet-x4"
    model = "srresnet"
    protocol = "sr-y"

    def __init__(
        self,
        steps: int = 6000,
        batch_size: int = 16,
        patch: int = 96,
        learning_rate: float = 4e-4,
        warmup: int = 100,
        blocks: int = 16,
        channels: int = 64,
        ema: float = 0.998,
        clip: float = 1.0,
        degradation: str = "bicubic:scale=4",
        sampling: Sampling = "area",
        init: Path | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        options = {"scale": SCALE, "blocks": blocks, "channels": channels, "norm": "none", "skip": "bilinear"}
        super().__init__(
            degradation=degradation, model_options=options, steps=steps, batch_size=batch_size, patch=patch,
            learning_rate=learning_rate, warmup=warmup, ema=ema, clip=clip, sampling=sampling, init=init,
            data_terms=data_terms, seed=seed,
        )  # fmt: skip
        if self.scale != SCALE:
            raise UsageError(f"{degradation} downscales by {self.scale}, and {self.name} upscales by {SCALE}")

    def network(self) -> nn.Module:
        """Return SRResNet with the recipe's options."""
        return SRResNet(**self.model_options)
