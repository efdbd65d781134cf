"""Training of SRResNet on pixel error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restore import images, weights
from restore.benchmark import evaluate
from restore.composition import build_degradation
from restore.contracts import Batch, Observation, Phase, Progress, Recipe
from restore.errors import InputError, UsageError
from restore.training.data import find_images, load_images
from restore.training.schedule import cosine
from restore_srgan.data import Patches, Sampling, degrade_all
from restore_srgan.generator import SRResNet


class SRResNetX4(Recipe):
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
    scale = 4
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
        if patch % self.scale or patch < self.scale:
            raise UsageError(f"a patch of {patch} pixels cannot be downscaled by {self.scale}", "use --set patch=96")
        self.steps, self.batch_size, self.patch = steps, batch_size, patch
        self.initial_rate, self.warmup = learning_rate, warmup
        self.ema, self.clip, self.seed = ema, clip, seed
        self.degradation, self.sampling, self.init = degradation, sampling, init
        self.data_terms = data_terms
        self.model_options: Mapping[str, Any] = {
            "scale": self.scale, "blocks": blocks, "channels": channels, "norm": "none", "skip": "bilinear",
        }  # fmt: skip

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read the images and make their low-resolution versions."""
        found = load_images(folder, progress)
        pairs = degrade_all(found, self.degradation, self.scale, self.patch, progress)
        if not pairs:
            raise InputError(f"no image in {folder} is as large as a patch of {self.patch} pixels", "--set patch=48")
        self.patches = Patches(pairs, scale=self.scale, side=self.patch, seed=self.seed, sampling=self.sampling)
        small = len(found) - len(pairs)
        left_out = f" ({small} smaller than {self.patch} x {self.patch} left out)" if small else ""
        pixels = sum(pair.high[0].numel() for pair in pairs)
        return f"{len(pairs)} images, {pixels / 1e6:.1f} megapixels{left_out}, degraded by {self.degradation}"

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

    def batch(self, step: int) -> Batch:
        """Return random patches."""
        return self.patches.batch(step, self.batch_size)

    def learning_rate(self, step: int) -> float:
        """Rise linearly, then fall along a cosine."""
        return cosine(step - 1, self.steps, warmup=self.warmup)

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Return the mean PSNR and SSIM of whole images under the protocol ``sr-y``."""
        harm = build_degradation(self.degradation)
        device = next(network.parameters()).device
        chance = torch.Generator().manual_seed(0)
        scores = []
        for path in find_images(folder):
            photo = images.load(path)
            high = photo.source().read(0, 0, *(s // self.scale * self.scale for s in (photo.height, photo.width)))
            low = harm(high, harm.draw(high, chance)).mul(255).round().div(255).expand(-1, 3, -1, -1)
            low = low.to(device).contiguous(memory_format=torch.channels_last)
            restored = network(Observation(image=low)).clamp(0, 1).cpu()
            scores.append(evaluate(restored, high.expand_as(restored), protocol="sr-y", scale=self.scale))
        return {key: sum(score[key] for score in scores) / len(scores) for key in ("psnr", "ssim")}
