"""Where ``restore run`` takes masks from: files, the alpha channel, or a degradation that takes pixels away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.cli.degrade import may_mask
from restore.cli.files import mask_for
from restore.errors import InputError, UnknownNameError, UsageError
from restore.options import parse

if TYPE_CHECKING:
    from restore.cli.outputs import Job
    from restore.contracts import Degradation
    from restore.images import Photo

ALPHA = "alpha"


def find_masks(text: str | None) -> str | Path | Degradation | None:
    """Return ``alpha``, the path of a mask or of a folder of masks, or the degradation that draws them.

    Raises:
        InputError: there is neither such a file nor such a degradation.
        UsageError: a degradation that takes no pixels away, or an option that it does not take.
    """
    if text is None or (text == ALPHA and not Path(text).exists()):
        return text
    if Path(text).exists():
        return Path(text)
    from restore.composition import build_degradation
    from restore.registry import registry

    try:
        registry().find("degradation", parse(text.partition("|")[0])[0])
    except UnknownNameError:
        cure = "name a file, a folder, alpha, or a degradation such as mask-center"
        raise InputError(f"the mask {text} does not exist", cure) from None
    degradation = build_degradation(text)
    if not may_mask(degradation):
        raise UsageError(f"{text} takes no pixels away, so it is no mask", "mask-center, mask-random ... do")
    return degradation


def mask_of(photo: Photo, job: Job, masks: Any, *, seed: int | None, max_pixels: int) -> Any:
    """Return the mask of a photo as a model is given it, or None. Raises RestoreError.

    Args:
        photo: that the mask belongs to.
        job: of the photo.
        masks: of ``find_masks``.
        seed: of a degradation's draws; None: 0.
        max_pixels: larger masks are refused.
    """
    from restore import images
    from restore.composition import observe

    if masks is None or isinstance(masks, str):
        return masks
    if isinstance(masks, Path):
        return images.load(mask_for(job.source, job.relative, masks), max_pixels=max_pixels)
    return observe(photo, masks, seed=seed or 0).mask
