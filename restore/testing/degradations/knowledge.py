"""What a model may be told of a degradation: enough to repeat it, and not its noise."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Degradation, Params
from restore.errors import PluginError
from restore.testing.check import CheckFailed, check, require
from restore.testing.degradations.shown import build, distance, images, seeded, told
from restore.testing.subject import Subject


@check("what may be told of its params is enough for the signal, and does not make the noise again")
def noise_is_not_told(subject: Subject) -> None:
    """Compare what follows from all params with what follows from those that ``knowable`` leaves."""
    degradation = build(subject)
    for image in images(degradation, 2):
        params = degradation.draw(image, seeded(0))
        try:
            left = degradation.knowable(params)
        except PluginError as error:
            raise CheckFailed("knowable(params) says what a model may be told", error.message, error.cure) from error
        _check_signal(degradation, image, params, left)
        with torch.no_grad():
            result, signal = degradation(image, params), degradation.signal(image, params)
            missing = degradation.mask(image, params)
        noisy = result != signal
        if missing is not None:
            noisy = noisy & (missing <= 0)
        require(
            not (bool(noisy.any()) and torch.equal(_again(degradation, image, left), result)),
            expected=f"noise ({told(image)}) that cannot be made again by what may be told",
            found=f"the same result, from {', '.join(left) or 'no params'}",
            cure="leave out of knowable(params) what the noise is drawn by, such as its seed",
        )


def _check_signal(degradation: Degradation, image: Tensor, params: Params, left: Params) -> None:
    with torch.no_grad():
        whole = degradation.signal(image, params)
        try:
            apart = distance(degradation.signal(image, left), whole)
        except Exception as error:
            raise CheckFailed(
                f"a signal ({told(image)}) from what may be told: {', '.join(left) or 'no params'}",
                f"{type(error).__name__}: {error}",
                "leave in knowable(params) what signal needs, or let signal do without it",
            ) from error
    require(
        apart == 0,
        expected=f"the same signal ({told(image)}) from what may be told as from all params",
        found=f"it differs by up to {apart:.3g}",
        cure="leave in knowable(params) what signal depends on",
    )


def _again(degradation: Degradation, image: Tensor, left: Params) -> Tensor:
    """Return what the degradation makes by what may be told; nothing where it lacks what the noise is drawn by."""
    try:
        with torch.no_grad():
            return degradation(image, left)
    except Exception:  # noqa: BLE001 - it shall not be able to
        return image.new_empty(0)
