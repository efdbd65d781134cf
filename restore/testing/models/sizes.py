"""Sizes: what goes in at the sizes that a model declares, and what comes out."""

from __future__ import annotations

from torch import Tensor

from restore.contracts import Model, Observation
from restore.errors import PluginError
from restore.plugin import ModelSpec
from restore.testing.check import CheckFailed, check, require
from restore.testing.models.showing import (
    ask,
    built,
    channels_of,
    fitted,
    holes,
    observe,
    restorer_of,
    scale_of,
    side,
)
from restore.testing.pictures import pictures
from restore.testing.subject import Subject

COARSEST = 128
"""The largest multiple that is tried where the declared one does not work."""


@check("its output is the input times the scale, at every size that it says it takes")
def output_shape(subject: Subject) -> None:
    """Shapes at the smallest size, beside it, and at odd ones, in all declared numbers of channels."""
    module, spec = built(subject)
    scale = scale_of(spec)
    for channels in channels_of(spec):
        for size in dict.fromkeys([fitted(spec, 1, 1), fitted(spec, 1, spec.min_size + 1), fitted(spec, 37, 29)]):
            problem = _problem(module, observe(spec, size, channels=channels, batch=2), scale)
            if problem is not None:
                raise CheckFailed(
                    f"of an image of {size[0]} x {size[1]} (height x width) in {channels} channels, which "
                    f"{_declared(spec)} allows, one of {size[0] * scale} x {size[1] * scale}",
                    problem,
                    _cure(module, spec, channels, scale),
                )


@check("the runtime restores images of any size with it: of one pixel, thin ones, odd ones")
def any_size(subject: Subject) -> None:
    """Sizes that nobody declares, padded by the runtime to those that the model does."""
    restorer = restorer_of(subject)
    spec = restorer.spec
    for channels in (3, 1):
        for size in [spec.fixed_size] if spec.fixed_size else [(1, 1), (1, 6), (5, 1), (31, 26)]:
            image = pictures(1, channels, height=size[0], width=size[1])
            mask = holes(1, size) if spec.task == "inpainting" else None
            try:
                restored: Tensor = restorer(image, mask=mask)
            except PluginError as error:
                raise CheckFailed(
                    f"an image of {size[0]} x {size[1]} in {channels} channels is restored, padded to what "
                    f"{_declared(spec)} allows",
                    error.message,
                    "make the output the input times the scale, and finite, at every size that is declared",
                ) from error
            wanted = (1, size[0] * restorer.scale, size[1] * restorer.scale)
            require(
                (restored.shape[0], *restored.shape[2:]) == wanted,
                expected=f"an image of {size[0]} x {size[1]} becomes one of {wanted[1]} x {wanted[2]}",
                found=f"{restored.shape[2]} x {restored.shape[3]}",
                cure="make the output the input times the scale",
            )


def _problem(module: Model, observation: Observation, scale: int) -> str | None:
    """Return what is wrong with the output for an observation, if anything is."""
    try:
        output = ask(module, observation)
    except CheckFailed:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a model raises says that it cannot
        return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    batch, _, height, width = observation.image.shape
    if tuple(output.shape) in [(batch, channels, height * scale, width * scale) for channels in (1, 3)]:
        return None
    return f"an output of shape {tuple(output.shape)} for an input of shape {tuple(observation.image.shape)}"


def _declared(spec: ModelSpec) -> str:
    if spec.fixed_size:
        return f"fixed_size={spec.fixed_size}"
    return f"min_size={spec.min_size} with multiple_of={spec.multiple_of}"


def _cure(module: Model, spec: ModelSpec, channels: int, scale: int) -> str:
    """Say what to declare instead, found by trying."""

    def works(height: int, width: int) -> bool:
        observation = observe(spec, (height, width), channels=channels, batch=2)
        return _problem(module, observation, scale) is None

    if spec.fixed_size is None:
        if works(*fitted(spec, 37, 29)) and works(*fitted(spec, 46, 35)):
            sides = range(side(spec, 1), side(spec, 37) + 1, spec.multiple_of)
            least = next((n for n in sides if works(n, n)), side(spec, 37))
            return f"declare min_size={least}: smaller images fail, larger ones do not"
        step = 2 * spec.multiple_of
        while step <= COARSEST:
            if all(works(step * rows, step * columns) for rows, columns in [(1, 2), (3, 1), (2, 3)]):
                return f"declare multiple_of={step}: such sizes work"
            step *= 2
    return "make the output (B, C, scale * H, scale * W), C = 1 or 3, or declare the size and the scale that it has"
