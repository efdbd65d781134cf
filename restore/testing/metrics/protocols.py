"""What is left to measure: by the protocol, in images that it has prepared, and behind a mask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from restore.benchmark.pair import extras_of
from restore.benchmark.protocol import PEAK
from restore.testing.check import Inapplicable, check, require
from restore.testing.metrics.given import (
    BORDER,
    CROPPED,
    LUMA,
    PROTOCOL,
    ROUNDED,
    ask,
    build,
    given,
    needs_images,
    spec_of,
)
from restore.testing.pictures import noise
from restore.testing.subject import Subject

CLOSE = 1e-6
"""Share by which scores of the same pixels may differ."""
HOLE = slice(8, 20)
REACH = 16
"""How far from the hole a pixel may be and yet count: a window of SSIM around the hole's rim sees 5."""


@check("what the protocol crops, rounds and takes away of the colour does not count")
def protocol_is_followed(subject: Subject) -> None:
    """Another border; levels that round to the same; and luma given as a gray image."""
    needs_images(subject)
    spec = spec_of(subject)
    if not spec.follows_protocol:
        raise Inapplicable("it takes images as they are given (follows_protocol=False)")
    metric = build(subject)
    call = given(subject, metric)
    inner = torch.zeros_like(call.prediction, dtype=torch.bool)
    inner[..., BORDER:-BORDER, BORDER:-BORDER] = True
    poisoned = replace(call, prediction=torch.where(inner, call.prediction, 1 - call.prediction))
    told = f"with another border of {BORDER} pixels, which the protocol crops"
    _require_same(ask(metric, poisoned, CROPPED), ask(metric, call, CROPPED), told)

    levels = call.target.mul(PEAK).round().clamp(1, 254)
    same = replace(call, prediction=levels / PEAK, target=levels / PEAK)
    near = replace(same, prediction=(levels + 0.4 * noise(levels).sign()) / PEAK)
    told = "of predictions within 0.4 levels, which the protocol rounds"
    _require_same(ask(metric, near, ROUNDED), ask(metric, same, ROUNDED), told)

    if {1, 3} <= set(spec.channels):
        gray = [LUMA.prepare(image).div(PEAK).float() for image in (call.prediction, call.target)]
        luma = replace(call, prediction=gray[0], target=gray[1])
        _require_same(
            ask(metric, luma, LUMA), ask(metric, call, LUMA), "of the luma, which is all that the protocol takes", 1e-4
        )


@check("compare_prepared, if there is one, gives what a call gives")
def compare_prepared_agrees(subject: Subject) -> None:
    """Benchmarks ask the one, and `restore metric` or a user the other: with each protocol, and with a mask."""
    needs_images(subject)
    metric = build(subject)
    if not hasattr(metric, "compare_prepared"):
        raise Inapplicable("it has no compare_prepared")
    call = given(subject, metric)
    extra: dict[str, Any] = {"observation": call.observation} if call.observation is not None else {}
    masks: list[dict[str, Tensor]] = [{}, {"mask": _hole(call.target)}] if "mask" in extras_of(metric) else [{}]
    luma = [LUMA] if 1 in spec_of(subject).channels else []
    for protocol in (PROTOCOL, CROPPED, ROUNDED, *luma):
        prediction, target = (protocol.prepare(image) for image in (call.prediction, call.target))
        for mask in masks:
            called = ask(metric, call, protocol, **mask)
            compared = metric.compare_prepared(prediction, target, protocol, **extra, **mask)
            require(
                compared.shape == called.shape and torch.allclose(compared, called, CLOSE, CLOSE, equal_nan=True),
                expected=f"one score, by either way, under {protocol.id}{' with a mask' * bool(mask)}",
                found=f"{compared.tolist()} of compare_prepared, {called.tolist()} of the call",
                cure="let __call__ be self.compare_prepared(protocol.prepare(prediction), protocol.prepare(target), "
                "protocol), with the mask if it takes one",
            )


@check("of images with a mask only the missing pixels count, if it takes one")
def mask_is_measured(subject: Subject) -> None:
    """Other pixels far from the hole, with a border cropped and without: the score must be the same."""
    needs_images(subject)
    metric = build(subject)
    if "mask" not in extras_of(metric):
        raise Inapplicable("it takes no mask")
    call = given(subject, metric, least=HOLE.stop + 2 * REACH)
    near = torch.zeros_like(call.prediction, dtype=torch.bool)
    near[..., : HOLE.stop + REACH, : HOLE.stop + REACH] = True
    other = replace(call, prediction=torch.where(near, call.prediction, 1 - call.prediction))
    for protocol in (PROTOCOL, CROPPED):
        changed, before = (ask(metric, one, protocol, mask=_hole(call.target)) for one in (other, call))
        require(
            torch.allclose(changed, before, CLOSE, CLOSE, equal_nan=True),
            expected=f"the same score, whatever is known {REACH} pixels and more from the hole ({protocol.id})",
            found=f"{changed.tolist()} with other pixels there, {before.tolist()} before",
            cure="average over the pixels where the mask is 1 (missing), cropped as the images are; or take no mask",
        )


def _hole(image: Tensor) -> Tensor:
    mask = torch.zeros_like(image[:, :1])
    mask[..., HOLE, HOLE] = 1
    return mask


def _require_same(other: Tensor, scores: Tensor, told: str, tolerance: float = CLOSE) -> None:
    require(
        torch.allclose(other, scores, tolerance, tolerance, equal_nan=True),
        expected=f"the same score {told}",
        found=f"{other.tolist()} instead of {scores.tolist()}",
        cure="compare protocol.prepare(prediction) and protocol.prepare(target); declare follows_protocol=False "
        "for a metric with a published form of its own",
    )
