"""Values: finite, of the right type, in the range of images."""

from __future__ import annotations

import torch

from restore.contracts import Observation
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.models.showing import (
    ask,
    built,
    channels_of,
    distance,
    fitted,
    is_trained,
    observe,
    told,
)
from restore.testing.subject import Subject

SLACK = 0.05
"""How far a value may leave [0, 1] before it counts: interpolation overshoots at edges."""
STRAYS = 0.1
"""Share of the values that may."""


@check("what it makes of a picture, of black, of white and of noise is finite")
def finite(subject: Subject) -> None:
    """NaN and infinity come from divisions by a contrast that is zero, and from overflows."""
    module, spec = built(subject)
    for channels in channels_of(spec):
        seen = observe(spec, fitted(spec, 37, 29), channels=channels)
        known = 1 if seen.mask is None else 1 - seen.mask
        noise = torch.rand(seen.image.shape, generator=torch.Generator().manual_seed(0))
        images = {
            "a picture": seen.image,
            "a black image": torch.zeros_like(seen.image),
            "a white image": torch.ones_like(seen.image) * known,
            "noise": noise * known,
        }
        for what, image in images.items():
            output = ask(module, Observation(image=image, mask=seen.mask))
            count = int((~torch.isfinite(output)).sum())
            require(
                count == 0,
                expected=f"finite values of {what} in {channels} channels",
                found=f"{count} of {output.numel()} values are NaN or infinite",
                cure="look for a division by a contrast or a norm that is 0 there, and for an overflow",
            )


@check("what it makes of a picture lies in [0, 1], but for the overshoot of edges")
def value_range(subject: Subject) -> None:
    """A tenth of the values may leave [-0.05, 1.05]; a network whose output is [-1, 1] or [0, 255] has more."""
    module, spec = built(subject)
    if not is_trained(subject, module):
        raise Inapplicable("a network without weights makes nothing that looks like an image")
    output = ask(module, observe(spec, fitted(spec, 37, 29)))
    strays = float(((output < -SLACK) | (output > 1 + SLACK)).double().mean())
    require(
        strays <= STRAYS,
        expected=f"at most {STRAYS:.0%} of the values outside [{-SLACK}, {1 + SLACK}]: models return images in [0, 1]",
        found=f"{strays:.0%}; the values lie in [{float(output.min()):.3g}, {float(output.max()):.3g}]",
        cure="bring the output to [0, 1] at the end of forward: (x + 1) / 2, or x / 255",
    )


@check("float32 in, float32 out")
def dtype_kept(subject: Subject) -> None:
    """A model neither rounds to bytes nor goes on in float64."""
    module, spec = built(subject)
    output = ask(module, observe(spec, fitted(spec, 37, 29)))
    require(
        output.dtype == torch.float32,
        expected="a float32 output for a float32 image",
        found=str(output.dtype).removeprefix("torch."),
        cure="end forward with .to(observation.image.dtype)",
    )


@check("a torch pipeline may call it with the image alone")
def plain_tensor(subject: Subject) -> None:
    """``module(image)`` is ``module(Observation(image=image))``."""
    module, spec = built(subject)
    if spec.task == "inpainting":
        raise Inapplicable("what fills holes needs a mask")
    seen = observe(spec, fitted(spec, 37, 29))
    expected = ask(module, seen)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            output = module(seen.image)
        except (TypeError, AttributeError) as error:
            raise CheckFailed(
                "module(image) works as module(Observation(image=image)) does",
                f"{type(error).__name__}: {error}",
                "implement forward(observation) and leave __call__ as restore.contracts.Model has it",
            ) from error
    require(
        distance(output, expected) == 0,
        expected="module(image) gives what module(Observation(image=image)) gives",
        found=told(output, expected),
        cure="implement forward(observation) and leave __call__ as restore.contracts.Model has it",
    )
