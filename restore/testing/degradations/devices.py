"""Devices: a seed means the same on every one."""

from __future__ import annotations

import torch

from restore.benchmark.flags import exact
from restore.testing.check import Inapplicable, check, require
from restore.testing.degradations.shown import build, distance, images, observe, told
from restore.testing.subject import Subject

TOLERANCE = 1e-5


@check("on the GPU it draws the same and gives the same, within 1e-5")
def device_changes_nothing(subject: Subject) -> None:
    """Compared with the CPU, in float32 with TF32 off; the mask bit for bit."""
    if not torch.cuda.is_available():
        raise Inapplicable("this machine has no CUDA device")
    compare(subject, torch.device("cuda"))


def compare(subject: Subject, device: torch.device) -> None:
    """Compare a device with the CPU. Raises CheckFailed."""
    here, there = build(subject), build(subject).to(device)
    for image in images(here, 2):
        with exact():
            expected, seen = observe(here, image), observe(there, image.to(device))
        places = [one.device.type for one in (seen.image, seen.mask) if one is not None]
        require(
            set(places) == {device.type},
            expected=f"image and mask on {device.type}, as what was given",
            found=f"they are on {' and '.join(places)}",
            cure="make tensors with image.new_zeros(...) or .to(image.device)",
        )
        require(
            seen.params == expected.params,
            expected="the same draw as on the CPU",
            found=f"{dict(seen.params)} instead of {dict(expected.params)}",
            cure="draw on the CPU from the generator that is given",
        )
        apart = distance(seen.image.cpu(), expected.image)
        require(
            apart <= TOLERANCE,
            expected=f"the same result as on the CPU ({told(image)}), within {TOLERANCE:g}",
            found=f"it differs by {apart:.3g}",
            cure="make noise on the CPU by its seed and move it: torch.randn(..., generator=generator).to(image)",
        )
        same = seen.mask is expected.mask is None or (
            seen.mask is not None and expected.mask is not None and torch.equal(seen.mask.cpu(), expected.mask)
        )
        require(same, expected="the same mask as on the CPU", found="another", cure="make it on the CPU by its seed")
