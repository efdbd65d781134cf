"""What models are shown, at sizes that they take, and how they are asked: as the runtime does."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from restore.contracts import Model, Observation
from restore.plugin import ModelSpec
from restore.runtime.declaring import declared_by
from restore.runtime.restorer import Restorer
from restore.runtime.seeding import seeded
from restore.testing.check import CheckFailed, require
from restore.testing.pictures import pictures
from restore.testing.subject import Subject

CPU = torch.device("cpu")
NOISE = 5e-5
"""By how much sums of another order may differ, in shares of the range: three steps of 16 bits."""
Size = tuple[int, int]
"""Height and width."""


def built(subject: Subject) -> tuple[Model, ModelSpec]:
    """Return a fresh model in eval mode, and what holds of it. Raises CheckFailed where the factory makes no model."""
    made = subject.build()
    if not isinstance(made, Model):
        raise CheckFailed(
            f"{subject.spec.factory} makes a restore.contracts.Model",
            f"a {type(made).__module__}.{type(made).__qualname__}",
            "derive it from restore.contracts.Model, or wrap it in one",
        )
    assert isinstance(subject.spec, ModelSpec)
    return made, declared_by(made, subject.spec)


def scale_of(spec: ModelSpec) -> int:
    """Return output side over input side."""
    return spec.scale or 1


def restorer_of(subject: Subject) -> Restorer:
    """Return a fresh model in the runtime, in float32 on the CPU, which shows it the whole image."""
    module, spec = built(subject)
    return Restorer(module, spec, device=CPU, precision="float32", tile="off")


def is_trained(subject: Subject, module: Model) -> bool:
    """Whether its numbers mean something: it has weights, brings them itself, or needs none."""
    return bool(subject.component.weights) or module.trained or not module.state_dict()


def channels_of(spec: ModelSpec) -> list[int]:
    """Return what it takes of 3 and 1 channels. Raises CheckFailed where that is neither."""
    taken: list[int] = [channels for channels in (3, 1) if channels in spec.channels]
    require(
        taken,
        expected="a model takes gray images (1 channel), colour images (3), or both",
        found=f"channels={spec.channels}",
        cure="declare channels=(3,), (1,) or (1, 3), and convert inside the model",
    )
    return taken


def side(spec: ModelSpec, wanted: int) -> int:
    """Return the smallest side that it takes, at least the wanted one."""
    return math.ceil(max(wanted, spec.min_size) / spec.multiple_of) * spec.multiple_of


def fitted(spec: ModelSpec, height: int, width: int) -> Size:
    """Return the smallest size that it takes, at least the wanted one; its only one where there is but one."""
    return spec.fixed_size or (side(spec, height), side(spec, width))


def observe(spec: ModelSpec, size: Size, *, channels: int | None = None, batch: int = 1, seed: int = 0) -> Observation:
    """Return images, with holes where the model fills holes; what is missing is black, as the runtime shows it."""
    image = pictures(batch, channels or channels_of(spec)[0], seed=seed, height=size[0], width=size[1])
    if spec.task != "inpainting":
        return Observation(image=image)
    mask = holes(batch, size, seed=seed)
    return Observation(image=image * (1 - mask), mask=mask)


def holes(batch: int, size: Size, *, seed: int = 0) -> Tensor:
    """Return ``(B, 1, H, W)``, 1 = missing: a rectangle and scattered pixels. Some are missing, unless there is but
    one, and some are known.
    """
    height, width = size
    mask = torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(seed)) < 0.05
    mask[..., height // 4 : height // 2, width // 4 : width // 2] = True
    mask[..., -1, -1] = True
    mask[..., 0, 0] = False
    return mask.float()


def ask(module: Model, observation: Observation, *, seed: int | None = 0) -> Tensor:
    """Return what a model makes of an observation, as the runtime asks it; a seed as in a Restorer's call."""
    with torch.no_grad(), seeded(seed, CPU):
        output = module(observation)
    if not isinstance(output, Tensor):
        raise CheckFailed(
            "a model returns a tensor (B, C, H, W)",
            f"a {type(output).__name__}",
            "return the restored image alone",
        )
    return output


def distance(one: Tensor, other: Tensor) -> float:
    """Return the largest difference, in shares of 1 or of the largest value. NaN is infinitely far."""
    if one.shape != other.shape:
        return math.inf
    if not one.numel() or torch.equal(one, other):
        return 0.0
    one, other = one.double(), other.double()
    largest = float((one - other).abs().max() / max(1.0, float(other.abs().max())))
    return largest if math.isfinite(largest) else math.inf


def told(one: Tensor, other: Tensor) -> str:
    """Say by how much two results differ, and where most."""
    if one.shape != other.shape:
        return f"a result of shape {tuple(one.shape)} instead of {tuple(other.shape)}"
    gap = (one.double() - other.double()).abs().nan_to_num(nan=math.inf)
    index = int(gap.flatten().argmax())
    width = one.shape[-1]
    row, column = index // width % one.shape[-2], index % width
    share = float((gap > 0).double().mean())
    return (
        f"results that differ in {share:.1%} of the values, by up to {float(gap.max()):.3g} (row {row}, column "
        f"{column} of {one.shape[-2]} x {width})"
    )
