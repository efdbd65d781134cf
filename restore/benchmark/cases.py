"""An image file -> what a model is given and what it is compared with, as the protocol says."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace

from torch import Tensor

from restore import images
from restore.benchmark.datasets import ImageFile
from restore.benchmark.pixels import refuse_transparency, to_bytes, to_tensor
from restore.benchmark.protocol import Protocol
from restore.composition import observe
from restore.contracts import Degradation, Observation
from restore.images import Photo


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A degraded image and its original."""

    target: Tensor
    """``(1, C, H, W)`` uint8."""
    degraded: Photo
    """What the model is given: uint8, or float32 where the protocol does not round."""
    mask: Photo | None
    """White = missing."""
    observation: Observation
    """The same as tensors, with the degradation and what it drew."""
    seed: int
    """Of what the degradation drew."""
    read_seconds: float
    """Time taken to read and decode the file."""

    @property
    def own_seed(self) -> int:
        """Of the model's draws: it follows from ``seed`` and does not tell it, or it would tell the noise."""
        return int.from_bytes(hashlib.sha256(f"{self.seed}/model".encode()).digest()[:6])

    @property
    def width(self) -> int:
        """Of the original, in pixels."""
        return int(self.target.shape[3])

    @property
    def height(self) -> int:
        """Of the original, in pixels."""
        return int(self.target.shape[2])


def make_case(file: ImageFile, protocol: Protocol, degradation: Degradation) -> Case:
    """Read an image and degrade it; the same file and protocol give the same bits.

    Raises:
        InputError: it cannot be read, has transparent pixels, or is too small.
    """
    begun = time.perf_counter()
    photo = images.load(file.path)
    read_seconds = time.perf_counter() - begun
    refuse_transparency(photo)
    target = protocol.original(to_bytes(to_tensor(photo)))
    seed = file.seed(protocol.seed)
    exact = target if protocol.degraded_rounding == "uint8" else target.float() / 255
    degraded = observe(replace(images.load(exact), name=file.name), degradation, seed=seed)
    shown, mask = replace(degraded.photo, name=file.name), degraded.mask
    observation = Observation(
        image=shown.source().read(0, 0, shown.height, shown.width),
        mask=None if mask is None else images.load_mask(mask, shown),
        degradation=degradation,
        params=degraded.params,
    )
    return Case(target=target, degraded=shown, mask=mask, observation=observation, seed=seed, read_seconds=read_seconds)
