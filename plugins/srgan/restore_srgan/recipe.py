"""Training of SRResNet on pixel error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restore import weights
from restore.contracts import Batch, Observation, Phase
from restore.training.schedule import cosine
from restore_srgan.data import Sampling
from restore_srgan.generator import SRResNet
from restore_srgan.paired import PairedRecipe


class SRResNetX4(PairedRecipe):
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
    validation_protocol = "mean PSNR and SSIM of whole images under `sr-y`: luma, a border of 4 pixels left out"

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
        super().__init__(
            steps=steps, batch_size=batch_size, patch=patch, degradation=degradation, sampling=sampling,
            data_terms=data_terms, seed=seed,
        )  # fmt: skip
        self.initial_rate, self.warmup = learning_rate, warmup
        self.ema, self.clip, self.init = ema, clip, init
        self.model_options: Mapping[str, Any] = {
            "scale": self.scale, "blocks": blocks, "channels": channels, "norm": "none", "skip": "bilinear",
        }  # fmt: skip

    def build(self) -> Sequence[Phase]:
        """Make the generator and its Adam."""
        network = SRResNet(**self.model_options)
        if self.init is not None:
            weights.fill(network, weights.read(self.init)[0], str(self.init))
        optimizer = torch.optim.Adam(network.parameters(), lr=self.initial_rate)

        def objective(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            restored = network(Observation(image=batch["low"]))
            return nn.functional.l1_loss(restored, batch["high"]), {}

        return [Phase(name="generator", network=network, optimizer=optimizer, objective=objective)]

    def learning_rate(self, step: int) -> float:
        """Rise linearly, then fall along a cosine."""
        return cosine(step - 1, self.steps, warmup=self.warmup)
