"""Precision: what a model makes in the types that it declares and on another device, against float32 on the CPU."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.runtime.forward import Forward, Tally, prepare
from restore.runtime.policy import choose_device
from restore.runtime.seeding import seeded
from restore.testing.check import Inapplicable, check, require
from restore.testing.models.showing import CPU, built, fitted, observe, scale_of, told
from restore.testing.subject import Subject

STEP = 1 / 255
MEAN, LARGEST = STEP, 16 * STEP
"""Mean and largest difference from float32 that are allowed: one step and sixteen steps of 8 bits."""


@check("the lower precisions that it declares give nearly what float32 does")
def declared_dtypes(subject: Subject) -> None:
    """On the CPU bfloat16; on a GPU, if there is one, float16 too; under autocast, as the runtime computes them."""
    _, spec = built(subject)
    lower = [name for name in spec.dtypes if name != "float32"]
    if not lower:
        raise Inapplicable("it declares float32 alone")
    device = choose_device("auto")
    computable = [
        (name, CPU if name == "bfloat16" else device) for name in lower if (name, device.type) != ("float16", "cpu")
    ]
    if not computable:
        raise Inapplicable("float16 is computed on a GPU, and there is none")
    expected, _ = _made(subject, CPU, "float32")
    for name, where in computable:
        output, redone = _made(subject, where, name)
        require(
            not redone,
            expected=f"finite values in {name}",
            found="values that are not, so that the runtime computes every image again in float32",
            cure=f"keep sums and exponentials in float32 (tensor.float()), or leave {name} out of dtypes",
        )
        _require_near(output, expected, name, f"keep what is delicate in float32, or leave {name} out of dtypes")


@check("a GPU gives what the CPU does")
def device_changes_nothing(subject: Subject) -> None:
    """In float32, on the device that the runtime chooses by itself."""
    device = choose_device("auto")
    if device == CPU:
        raise Inapplicable("there is no GPU")
    expected, _ = _made(subject, CPU, "float32")
    output, _ = _made(subject, device, "float32")
    _require_near(
        output, expected, str(device), "make new tensors on the image's device, and register constants as buffers"
    )


def _made(subject: Subject, device: torch.device, precision: str) -> tuple[Tensor, int]:
    """Return what is made of a picture, clamped as the runtime does, and how many passes were made again."""
    module, spec = built(subject)
    seen = observe(spec, fitted(spec, 37, 29))
    if spec.stochastic:
        raise Inapplicable("it is stochastic, and draws otherwise in another precision or on another device")
    prepare(module, device)
    tally = Tally()
    with seeded(0, device):
        output = Forward(module, spec.name, scale_of(spec), device, precision)(seen.image, seen.mask, tally)
    return output.clamp(0, 1), tally.redone_in_float32


def _require_near(output: Tensor, expected: Tensor, what: str, cure: str) -> None:
    gap = (output - expected).abs()
    mean, largest = float(gap.mean()), float(gap.max())
    require(
        mean <= MEAN and largest <= LARGEST,
        expected=f"{what} differs from float32 on the CPU by a step of 8 bits in the mean at most, by sixteen anywhere",
        found=f"{mean / STEP:.3g} steps in the mean: {told(output, expected)}",
        cure=cure,
    )
