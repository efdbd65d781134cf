"""Masks: which pixels a degradation takes away, and that they are gone."""

from __future__ import annotations

import torch

from restore.contracts import Observation
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.degradations.shown import build, distance, images, observe, spec_of, told
from restore.testing.pictures import noise
from restore.testing.subject import Subject

SEEDS = range(4)


@check("there is a mask if it declares one: (B, 1, H, W), 1 = missing, 0 = known")
def mask_is_as_declared(subject: Subject) -> None:
    """Look at gray and RGB images, for a few seeds."""
    spec, degradation = spec_of(subject), build(subject)
    missing = False
    for image in images(degradation, 2):
        for seed in SEEDS:
            seen = observe(degradation, image, seed)
            if seen.mask is None:
                require(
                    not spec.masks, expected="a mask, as masks=True says", found="None", cure="return it from mask()"
                )
                continue
            require(
                spec.masks,
                expected="no mask, as masks=False says",
                found=f"one of shape {tuple(seen.mask.shape)}",
                cure="declare masks=True, or return None from mask()",
            )
            _check_form(seen, image)
            missing = missing or bool(seen.mask.any())
    require(
        missing or not spec.masks,
        expected=f"a pixel is missing for one of {len(SEEDS)} seeds",
        found="none ever is",
        cure="1 means missing and 0 known; by default a mask takes something away",
    )


def _check_form(seen: Observation, image: torch.Tensor) -> None:
    assert seen.mask is not None
    wanted = (len(image), 1, *seen.image.shape[-2:])
    require(
        tuple(seen.mask.shape) == wanted,
        expected=f"a mask {wanted} for a result {tuple(seen.image.shape)}",
        found=str(tuple(seen.mask.shape)),
        cure="one channel, the size of the result, an entry for each sample",
    )
    require(
        seen.mask.dtype == image.dtype,
        expected=f"a mask in the type of the image, {image.dtype}",
        found=str(seen.mask.dtype),
        cure="mask.to(image)",
    )
    between = (seen.mask != 0) & (seen.mask != 1)
    require(
        not bool(between.any()),
        expected="every value of the mask is 0 or 1",
        found=f"{int(between.sum())} others, such as {float(seen.mask[between][0]) if between.any() else 0:.3g}",
        cure="cut it at a level: (mask > 0.5).to(image)",
    )


@check("what is missing cannot be seen in the result")
def missing_pixels_are_gone(subject: Subject) -> None:
    """Put something else where pixels are missing: the result must be the same."""
    spec, degradation = spec_of(subject), build(subject)
    if not spec.masks:
        raise Inapplicable("it takes no pixels away")
    for image in images(degradation):
        for seed in SEEDS:
            seen = observe(degradation, image, seed)
            if seen.mask is None or seen.mask.shape[-2:] != image.shape[-2:]:
                raise Inapplicable("its mask is not of the size of its input")
            other = torch.where(seen.mask.bool(), (image + 0.3 * noise(image, 1)).clamp(0, 1), image)
            with torch.no_grad():
                mask = degradation.mask(other, seen.params)
                result = degradation(other, seen.params)
            if mask is None or not torch.equal(mask, seen.mask):
                raise Inapplicable("what is missing depends on what is in the picture")
            if not torch.equal(result, seen.image):
                apart = (result != seen.image).any(1)
                raise CheckFailed(
                    f"another picture behind the mask ({told(image)}) gives the same result",
                    f"{int(apart.sum())} pixels differ, by up to {distance(result, seen.image):.3g}",
                    "fill what is missing after everything that mixes pixels, with a value that does not depend on it",
                )
