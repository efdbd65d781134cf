"""Supervised learning of ``x`` from ``y = A(x)``: what remains to be said is the network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from restore import images, weights
from restore.benchmark import evaluate
from restore.benchmark.color import as_original
from restore.benchmark.datasets import image_seed
from restore.benchmark.evaluation import find_metric
from restore.benchmark.pair import Pair
from restore.benchmark.protocols import find_protocol
from restore.composition import build_degradation
from restore.contracts import Batch, Observation, Phase, Progress, Recipe
from restore.errors import InputError, UsageError
from restore.training.data import find_images, load_images
from restore.training.numbers import check_number
from restore.training.patches import FixedPatches, FreshPatches, Patches, Sampling, degrade_all, is_random
from restore.training.schedule import cosine

Colors = Literal["rgb", "gray"]
VALIDATION = "--validation"
CONSISTENCY = "lr-consistency"
"""The metric that asks for more than two images: what was observed, and how."""
SHOWN, SHOWN_SIDE = 4, 192
"""Images in a picture of the training, and pixels of their sides."""


class Supervised(Recipe):
    """Absolute error on random patches, Adam, a warm-up and a cosine, a moving average of the weights.

    A subclass names the recipe and its model, and makes the network; its own ``__init__`` has the options that it
    offers, and passes them on. What the degradation draws is drawn anew for each patch; one that draws nothing is
    applied once, to whole images, and the result rounded to 8 bits, as test sets are made.

    Args:
        degradation: ``A``: ``bicubic:scale=4``, ``gaussian-noise:sigma=0.1``.
        model_options: of the model's factory, written into the weights.
        steps: optimisation steps.
        batch_size: patches a step.
        patch: side of a patch of the originals, in pixels.
        learning_rate: of Adam, at the start; it falls to 0 along a cosine.
        warmup: steps over which the learning rate rises.
        ema: decay of the moving average of the weights.
        clip: largest norm of the gradient; None: as it comes.
        colors: of the network's images: ``rgb``, or ``gray``, BT.601 luma in full range.
        sampling: ``area``: every patch is as likely as any other; ``image``: every image is.
        init: weights to start from, safetensors of the same network; none: at random.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights and of the patches.

    Raises:
        UsageError: a number out of its range, or a patch that is no multiple of the degradation's scale.
    """

    protocol: ClassVar[str] = "rgb"
    """What ``validate`` measures under: ``rgb``, ``y``, ``sr-y`` ..."""
    measured: ClassVar[tuple[str, ...]] = ("psnr", "ssim")
    """What it measures: metrics of that protocol, and ``lr-consistency``."""

    def __init__(
        self,
        *,
        degradation: str,
        model_options: Mapping[str, Any],
        steps: int,
        batch_size: int = 16,
        patch: int = 64,
        learning_rate: float = 4e-4,
        warmup: int = 100,
        ema: float = 0.998,
        clip: float | None = 1.0,
        colors: Colors = "rgb",
        sampling: Sampling = "area",
        init: Path | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        check_number("steps", steps, least=1)
        check_number("batch_size", batch_size, least=1)
        check_number("patch", patch, least=1)
        check_number("learning_rate", learning_rate, above=0)
        check_number("warmup", warmup, least=0)
        check_number("ema", ema, least=0, below=1)
        if clip is not None:
            check_number("clip", clip, above=0, otherwise="--set clip=none leaves it out")
        self.harm = build_degradation(degradation)
        self.scale = self.harm.scale
        if patch % self.scale or patch < self.scale:
            raise UsageError(
                f"a patch of {patch} pixels cannot be downscaled by {self.scale}", f"use --set patch={24 * self.scale}"
            )
        self.degradation, self.model_options = degradation, model_options
        self.steps, self.batch_size, self.patch = steps, batch_size, patch
        self.initial_rate, self.warmup = learning_rate, warmup
        self.ema, self.clip, self.seed = ema, clip, seed
        self.colors, self.sampling, self.init, self.data_terms = colors, sampling, init, data_terms
        self.started_from = "" if init is None else f"{init.name}, sha256 {weights.digest(init)}"
        self.validation_protocol = f"means of {', '.join(self.measured)} of whole images under `{self.protocol}`"

    @abstractmethod
    def network(self) -> nn.Module:
        """Return the network, not trained yet: from an ``Observation`` to the restored image."""

    def observation(self, image: Tensor, mask: Tensor | None) -> Observation:
        """Return what the network is shown, in training and in validation alike: image and mask, and no more.

        A subclass whose network is told more, such as the level of the noise that the recipe fixes, adds it here.

        Args:
            image: degraded, ``(B, C, H, W)``.
            mask: ``(B, 1, H, W)``, 1 = missing, or None.
        """
        return Observation(image=image, mask=mask)

    def loss(self, restored: Tensor, original: Tensor) -> Tensor:
        """Return the scalar that is minimised: the mean absolute error, unless a subclass says otherwise."""
        return nn.functional.l1_loss(restored, original)

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read the images; degrade them here where that is the same each time. Tell also what is started from."""
        read = [as_original(image[None], self.colors)[0] for image in load_images(folder, progress)]
        large = [image for image in read if min(s // self.scale * self.scale for s in image.shape[1:]) >= self.patch]
        if not large:
            raise InputError(
                f"no image in {folder} is as large as a patch of {self.patch} pixels", f"--set patch={12 * self.scale}"
            )
        self.patches = self._patches(large, progress)
        small = len(read) - len(large)
        left_out = f" ({small} smaller than {self.patch} x {self.patch} left out)" if small else ""
        pixels = sum(image.shape[1] // self.scale * (image.shape[2] // self.scale) * self.scale**2 for image in large)
        started = f"; started from {self.started_from}" if self.started_from else ""
        return f"{len(large)} images, {pixels / 1e6:.1f} megapixels{left_out}, degraded by {self.degradation}{started}"

    @cached_property
    def _draws(self) -> bool:
        """Whether the degradation draws anew for each image."""
        return is_random(self.harm, channels=1 if self.colors == "gray" else 3)

    def _patches(self, originals: Sequence[Tensor], progress: Progress) -> Patches:
        if self._draws:
            return FreshPatches(originals, self.harm, side=self.patch, seed=self.seed, sampling=self.sampling)
        pairs = degrade_all(originals, self.harm, self.patch, progress)
        return FixedPatches(pairs, scale=self.scale, side=self.patch, seed=self.seed, sampling=self.sampling)

    def build(self) -> Sequence[Phase]:
        """Make the network and its Adam."""
        network = self.network()
        if self.init is not None:
            weights.fill(network, weights.read(self.init)[0], str(self.init))
        optimizer = torch.optim.Adam(network.parameters(), lr=self.initial_rate)

        def objective(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            restored = network(self.observation(batch["degraded"], batch.get("mask")))
            return self.loss(restored, batch["original"]), {}

        return [Phase(name="network", network=network, optimizer=optimizer, objective=objective)]

    def batch(self, step: int) -> Batch:
        """Return random patches."""
        return self.patches.batch(step, self.batch_size)

    def learning_rate(self, step: int) -> float:
        """Rise linearly, then fall along a cosine."""
        return cosine(step - 1, self.steps, warmup=self.warmup)

    def check_validation(self, folder: Path) -> None:
        """Raise InputError where a folder holds no images."""
        find_images(folder, VALIDATION)

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Return the means over whole images of what is measured, without what lacks its weights.

        What the degradation draws for an image is drawn as ``restore bench`` draws it with seed 0.
        """
        scores = []
        for path in find_images(folder, VALIDATION):
            photo = self._load(path)
            sides = (side // self.scale * self.scale for side in (photo.height, photo.width))
            original = as_original(photo.source().read(0, 0, *sides), self.colors)
            seen = self._degrade(original, image_seed(0, path))
            restored = self._restore(network, seen).clamp(0, 1).cpu()
            scores.append(self._scored(restored, original, seen))
        common = [key for key in self.measured if all(key in score for score in scores)]
        return {key: sum(score[key] for score in scores) / len(scores) for key in common}

    def pictures(self, network: nn.Module, folder: Path | None) -> Mapping[str, Tensor]:
        """Return the centres of the first images: degraded (its pixels enlarged), restored, original."""
        if folder is None:
            return {}
        centres = self._centres(find_images(folder, VALIDATION)[:SHOWN])
        seen = self._degrade(centres, 0)
        restored = self._restore(network, seen)
        enlarged = nn.functional.interpolate(seen.image, size=centres.shape[-2:], mode="nearest")
        return {"degraded": enlarged, "restored": restored, "original": centres}

    def _load(self, path: Path) -> images.Photo:
        photo = images.load(path)
        if min(photo.height, photo.width) < self.scale:
            raise InputError(
                f"{path} is {photo.height} x {photo.width} pixels, too small to be downscaled by {self.scale}",
                "take it out of the validation images",
            )
        return photo

    def _degrade(self, originals: Tensor, seed: int) -> Observation:
        """Degrade as for training: rounded to 8 bits where nothing is drawn."""
        seen = self.harm.observe(originals, torch.Generator().manual_seed(seed))
        return seen if self._draws else replace(seen, image=seen.image.mul(255).round().div(255))

    def _restore(self, network: nn.Module, seen: Observation) -> Tensor:
        device = next(network.parameters()).device
        shown = seen.image.to(device).contiguous(memory_format=torch.channels_last)
        restored: Tensor = network(self.observation(shown, None if seen.mask is None else seen.mask.to(device)))
        return restored

    def _centres(self, paths: Sequence[Path]) -> Tensor:
        """Return what all images have around their centres, ``(B, C, H, W)`` of at most 192 pixels a side."""
        photos = [self._load(path) for path in paths]
        largest = SHOWN_SIDE // self.scale
        height, width = (
            max(1, min(largest, *(getattr(photo, side) // self.scale for photo in photos))) * self.scale
            for side in ("height", "width")
        )
        cut = [
            photo.source().read((photo.height - height) // 2, (photo.width - width) // 2, height, width)
            for photo in photos
        ]
        return torch.cat([as_original(image, self.colors) for image in cut])

    def _scored(self, restored: Tensor, original: Tensor, seen: Observation) -> Mapping[str, float]:
        scores = evaluate(restored, original, protocol=self.protocol, scale=self.scale)
        if CONSISTENCY in self.measured:
            protocol = find_protocol(self.protocol).at(self.scale)
            metric = find_metric(protocol.meant("metric", CONSISTENCY))
            scores[CONSISTENCY] = float(Pair(restored, original, protocol).scored_by(metric, observation=seen))
        return scores
