"""Masks: what a model does where pixels are missing."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Observation
from restore.errors import PluginError, RestoreError
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.models.showing import ask, built, channels_of, fitted, is_trained, restorer_of, scale_of
from restore.testing.pictures import pictures
from restore.testing.subject import Subject

BRIGHT = 0.8
"""Value of the plane in which a hole is filled."""
FILLED = 0.2
"""What a filled pixel of it is at least."""


@check("any mask will do: of one pixel, a row, a border, all but one pixel, everything")
def any_mask(subject: Subject) -> None:
    """Each is restored by the runtime, finite, or refused with a RestoreError where nothing is known."""
    restorer = restorer_of(subject)
    spec = restorer.spec
    if restorer.scale != 1:
        raise Inapplicable("it changes the size, so the runtime takes no mask")
    size = spec.fixed_size or (23, 18)
    image = pictures(1, channels_of(spec)[0], height=size[0], width=size[1])
    for what, mask in _masks(size).items():
        try:
            restored = restorer(image, mask=mask)
        except Exception as error:
            if isinstance(error, RestoreError) and not isinstance(error, PluginError) and bool(mask.all()):
                continue
            raise CheckFailed(
                f"a result for a mask of {what}",
                f"{type(error).__name__}: {error}",
                "the mask is (B, 1, H, W), 1 = missing; raise an InputError where nothing is known, and only there",
            ) from error
        require(
            torch.isfinite(restored).all(),
            expected=f"finite values for a mask of {what}",
            found="NaN or infinity",
            cure="look for a division by the number of known pixels",
        )


@check("holes are filled from what is around them")
def holes_filled(subject: Subject) -> None:
    """In a bright plane no filled pixel stays as dark as it was shown."""
    module, spec = built(subject)
    if spec.task != "inpainting":
        raise Inapplicable("it fills no holes")
    if not is_trained(subject, module):
        raise Inapplicable("a network without weights fills holes with anything")
    size, scale = fitted(spec, 37, 29), scale_of(spec)
    mask = torch.zeros(1, 1, *size)
    mask[..., size[0] // 3 : size[0] // 2, size[1] // 3 : size[1] // 2] = 1
    image = torch.full((1, channels_of(spec)[0], *size), BRIGHT)
    output = ask(module, Observation(image=image * (1 - mask), mask=mask))
    inside = mask.repeat_interleave(scale, 2).repeat_interleave(scale, 3).bool().expand_as(output)
    found = output[inside]
    require(
        float(found.min()) >= FILLED,
        expected=f"in a plane of {BRIGHT} what is missing, shown black, is filled with {FILLED} and more",
        found=f"filled pixels from {float(found.min()):.3g} to {float(found.max()):.3g}",
        cure="fill where observation.mask is 1, and look at its image only where the mask is 0",
    )


def _masks(size: tuple[int, int]) -> dict[str, Tensor]:
    """Return masks ``(1, 1, H, W)`` that are easily forgotten."""
    empty = torch.zeros(1, 1, *size, dtype=torch.bool)
    pixel, row, border, known = (empty.clone() for _ in range(4))
    pixel[..., size[0] // 2, size[1] // 2] = True
    row[..., size[0] // 2, :] = True
    border |= True
    border[..., 1:-1, 1:-1] = False
    known |= True
    known[..., 0, 0] = False
    return {
        "nothing": empty,
        "one pixel": pixel,
        "one row": row,
        "the border": border,
        "all but one pixel": known,
        "everything": ~empty,
    }
