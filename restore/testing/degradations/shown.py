"""What a degradation is shown in a check: gray and RGB images of odd sizes, and how it is asked."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Degradation, Observation
from restore.errors import RestoreError
from restore.plugin import DegradationSpec
from restore.testing.check import CheckFailed, require
from restore.testing.pictures import pictures
from restore.testing.subject import Subject

HEIGHT, WIDTH = 37, 29
TOLERANCE = 1e-6
"""How far two results may be apart that differ in the order of sums alone, where white is 1."""


def build(subject: Subject) -> Degradation:
    """Return a fresh degradation. Raises CheckFailed where the factory makes something else."""
    made = subject.build()
    require(
        isinstance(made, Degradation),
        expected=f"{subject.spec.factory} makes a restore.contracts.Degradation",
        found=f"it makes a {type(made).__name__}",
        cure="derive the class from restore.contracts.Degradation",
    )
    assert isinstance(made, Degradation)
    return made


def spec_of(subject: Subject) -> DegradationSpec:
    """Return the descriptor as that of a degradation."""
    assert isinstance(subject.spec, DegradationSpec)
    return subject.spec


def scale_of(degradation: Degradation) -> int:
    """Return input side over output side. Raises CheckFailed where it is no such number."""
    scale = degradation.scale
    require(
        isinstance(scale, int) and not isinstance(scale, bool) and scale >= 1,
        expected="scale is a whole number, input side over output side",
        found=repr(scale),
        cure="leave it 1, or set self.scale in __init__: 4 for a result of a quarter of the side",
    )
    return scale


def images(degradation: Degradation, n: int = 1, *, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Return RGB and gray images ``(n, C, H, W)`` of odd sizes, less those that it refuses with a RestoreError.

    Raises:
        CheckFailed: it refuses both.
    """
    scale = scale_of(degradation)
    height, width = max(HEIGHT, 3 * scale + 1), max(WIDTH, 2 * scale + 1)
    taken, refusals = [], []
    for channels in (3, 1):
        image = pictures(n, channels, height=height, width=width).to(dtype)
        try:
            observe(degradation, image.clone())
        except RestoreError as error:
            refusals.append(error)
        else:
            taken.append(image)
    if not taken:
        raise CheckFailed("it takes RGB or gray images", refusals[0].message, refusals[0].cure or "take one of them")
    return taken


def seeded(seed: int) -> torch.Generator:
    """Return a CPU generator."""
    return torch.Generator().manual_seed(seed)


def observe(degradation: Degradation, image: Tensor, seed: int = 0) -> Observation:
    """Draw and apply, without gradients."""
    with torch.no_grad():
        return degradation.observe(image, seeded(seed))


def told(image: Tensor) -> str:
    """Return what an image is in words: ``gray, 37 x 29``, height first."""
    color = {1: "gray", 3: "RGB"}.get(image.shape[1], f"{image.shape[1]} channels")
    return f"{color}, {image.shape[-2]} x {image.shape[-1]}"


def distance(first: Tensor, second: Tensor) -> float:
    """Return the largest difference; infinity for another shape, or where only one is a number."""
    if first.shape != second.shape or not torch.equal(first.isnan(), second.isnan()):
        return float("inf")
    return float((first.double() - second.double()).nan_to_num().abs().max()) if first.numel() else 0.0
