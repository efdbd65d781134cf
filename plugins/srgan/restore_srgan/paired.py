"""What the recipes of this plugin share: pairs of patches to train on, whole images to validate on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from restore import images
from restore.benchmark import evaluate
from restore.benchmark.protocols import find_protocol
from restore.composition import build_degradation
from restore.contracts import Batch, Observation, Progress, Recipe
from restore.errors import InputError, UsageError
from restore.registry import registry
from restore.training.data import find_images, load_images
from restore_srgan.data import Patches, Sampling, degrade_all

CONSISTENCY = "lr-consistency"


class PairedRecipe(Recipe):
    """A recipe for super-resolution by 4 that learns from patches and what a degradation made of them.

    Args:
        steps: optimisation steps.
        batch_size: patches a step.
        patch: side of a high-resolution patch, in pixels.
        degradation: what makes the low-resolution image.
        sampling: as ``Patches`` has it.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights and of the patches.

    Raises:
        UsageError: a patch that the scale does not divide.
    """

    scale = 4
    measured: tuple[str, ...] = ("psnr", "ssim")
    protocol = "sr-y"

    def __init__(
        self,
        *,
        steps: int,
        batch_size: int,
        patch: int,
        degradation: str,
        sampling: Sampling,
        data_terms: str,
        seed: int,
    ) -> None:
        if patch % self.scale or patch < self.scale:
            raise UsageError(f"a patch of {patch} pixels cannot be downscaled by {self.scale}", "use --set patch=96")
        self.steps, self.batch_size, self.patch = steps, batch_size, patch
        self.degradation, self.sampling, self.data_terms, self.seed = degradation, sampling, data_terms, seed

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

    def batch(self, step: int) -> Batch:
        """Return random patches, ``low`` and ``high``."""
        return self.patches.batch(step, self.batch_size)

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Return the means over whole images of what the recipe's protocol measures, as far as it can be."""
        scores = [self._scored(network, path) for path in find_images(folder)]
        return {
            key: sum(s[key] for s in scores) / len(scores) for key in self.measured if all(key in s for s in scores)
        }

    def _scored(self, network: nn.Module, path: Path) -> Mapping[str, float]:
        harm = build_degradation(self.degradation)
        device = next(network.parameters()).device
        photo = images.load(path)
        high = photo.source().read(0, 0, *(s // self.scale * self.scale for s in (photo.height, photo.width)))
        high = high.expand(-1, 3, -1, -1)
        params = harm.draw(high, torch.Generator().manual_seed(0))
        low = harm(high, params).mul(255).round().div(255)
        shown = low.to(device).contiguous(memory_format=torch.channels_last)
        restored: Tensor = network(Observation(image=shown)).clamp(0, 1).cpu()
        scores = evaluate(restored, high, protocol=self.protocol, scale=self.scale)
        if CONSISTENCY in self.measured:
            metric = registry().find("metric", CONSISTENCY).build()
            seen = Observation(image=low, degradation=harm, params=params)
            scores[CONSISTENCY] = float(metric(restored, high, find_protocol(self.protocol), observation=seen))
        return scores
