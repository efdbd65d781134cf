"""How a degradation behaves: it leaves what it is given, and the process, as they were."""

from __future__ import annotations

import copy

import torch

from restore.testing.check import check, require
from restore.testing.degradations.shown import TOLERANCE, build, distance, images, observe, seeded, told
from restore.testing.state import State, kept
from restore.testing.subject import Subject


@check("the image and the params are left as they are")
def inputs_are_left_alone(subject: Subject) -> None:
    """Compared bit for bit after drawing, applying and asking for the mask."""
    degradation = build(subject)
    for image in images(degradation, 2):
        before = image.clone()
        with torch.no_grad():
            params = degradation.draw(image, seeded(0))
            drawn = copy.deepcopy(params)
            degradation(image, params)
            degradation.mask(image, params)
        require(
            torch.equal(image, before),
            expected=f"the image ({told(image)}) is the same afterwards",
            found=f"it changed by up to {distance(image, before):.3g}",
            cure="use no operation in place, such as clamp_() or image[...] = ..., on what was given",
        )
        require(
            params == drawn,
            expected="the params are the same afterwards",
            found=f"{drawn} became {params}",
            cure="take from params without pop(), and copy what is changed",
        )


@check("the layout of the image in memory does not matter")
def layout_changes_nothing(subject: Subject) -> None:
    """A window of a larger image, and channels_last, within 1e-6 of a copy of its own."""
    degradation = build(subject)
    for image in images(degradation, 2, dtype=torch.float64):
        params = degradation.draw(image, seeded(0))
        larger = torch.nn.functional.pad(image, (1, 2, 1, 2))
        views = {
            "a window of a larger image": larger[..., 1:-2, 1:-2],
            "channels_last": image.contiguous(memory_format=torch.channels_last),
            "one image expanded": image[:1].expand_as(image),
        }
        for name, view in views.items():
            with torch.no_grad():
                apart = distance(
                    degradation(view, params), degradation(view.clone(memory_format=torch.contiguous_format), params)
                )
            require(
                apart <= TOLERANCE,
                expected=f"the result of {name} ({told(image)}) is that of a copy, within {TOLERANCE:g}",
                found=f"it differs by {apart:.3g}",
                cure="reshape instead of view, and no assumption on strides",
            )


@check("random generators, grad mode and what else is global are left as they are")
def process_is_left_alone(subject: Subject) -> None:
    """Looked at before and after drawing, applying and asking for the mask."""
    with kept():
        torch.manual_seed(12345)  # a state that no component seeds, or it would not show
        degradation, before = build(subject), State.now()
        for image in images(degradation, 2):
            observe(degradation, image)
        disturbed = before.changed()
    require(
        not disturbed,
        expected="nothing of the process changes",
        found=f"changed: {', '.join(disturbed)}",
        cure="draw in draw from the generator that is given; in forward, from torch.Generator().manual_seed(seed)",
    )
