"""What a degradation gives: an image of the size that its scale says, in range, of the type of its input."""

from __future__ import annotations

import torch

from restore.testing.check import check, require
from restore.testing.degradations.shown import build, images, observe, scale_of, told
from restore.testing.subject import Subject


@check("the result has the size that its scale says, for gray and RGB images of any size")
def shape_follows_scale(subject: Subject) -> None:
    """Sides that the scale divides are divided exactly; others are rounded up or down."""
    degradation = build(subject)
    scale = scale_of(degradation)
    for odd in images(degradation, 2):
        sides = [side // scale * scale for side in odd.shape[-2:]]
        for image in (odd, odd[..., : sides[0], : sides[1]]):
            shape = tuple(observe(degradation, image).image.shape)
            floors = [side // scale for side in image.shape[-2:]]
            ceilings = [-(-side // scale) for side in image.shape[-2:]]
            fits = len(shape) == 4 and shape[0] == 2 and shape[1] in (1, 3)
            fits = fits and all(low <= n <= high for low, n, high in zip(floors, shape[2:], ceilings, strict=True))
            require(
                fits,
                expected=f"of 2 images ({told(image)}) at scale {scale}: (2, 1 or 3, {floors[0]}, {floors[1]})"
                + (", or the next larger" if floors != ceilings else ""),
                found=str(shape),
                cure="set scale in __init__ to input side over output side; return (B, C, H, W)",
            )


@check("values lie in [0, 1], are finite and of the type of the input")
def values_are_images(subject: Subject) -> None:
    """Shown pictures, black and white, in float32 and float64."""
    degradation = build(subject)
    for dtype in (torch.float32, torch.float64):
        for picture in images(degradation, dtype=dtype):
            shown = {"a picture": picture, "black": torch.zeros_like(picture), "white": torch.ones_like(picture)}
            for name, image in shown.items():
                result = observe(degradation, image).image
                require(
                    result.dtype == dtype,
                    expected=f"{dtype} of a {dtype} image",
                    found=str(result.dtype),
                    cure="make constants and noise of the image's type: noise.to(image), image.new_tensor(...)",
                )
                low, high = float(result.min()), float(result.max())
                require(
                    bool(result.isfinite().all()) and low >= 0 and high <= 1,
                    expected=f"values in [0, 1] of {name} ({told(image)})",
                    found=f"values in [{low:.8g}, {high:.8g}]",
                    cure="end with .clamp(0, 1): what comes after may draw photons or take a root",
                )
