"""Batches: each sample is degraded as it would be alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from restore.testing.check import check, require
from restore.testing.degradations.shown import TOLERANCE, build, distance, images, seeded, told
from restore.testing.subject import Subject

SAMPLES = 3


@check("a batch is drawn and degraded as its samples are one after the other")
def batch_equals_singles(subject: Subject) -> None:
    """The draws are compared exactly, images within 1e-6 in float64, masks bit for bit."""
    degradation = build(subject)
    for image in images(degradation, SAMPLES, dtype=torch.float64):
        together, generator = degradation.draw(image, seeded(5)), seeded(5)
        with torch.no_grad():
            result, mask = degradation(image, together), degradation.mask(image, together)
        for index, one in enumerate(torch.split(image, 1)):
            alone = degradation.draw(one, generator)
            for place, in_batch, by_itself in _different(sample_of(together, index), alone):
                require(
                    False,
                    expected=f"sample {index} of a batch draws what it would after the samples before it",
                    found=f"params{place} is {in_batch!r} in the batch and {by_itself!r} alone",
                    cure="loop over the samples in draw and finish one before the next; "
                    "a list of one entry a sample for what differs",
                )
            with torch.no_grad():
                single, own = degradation(one, alone), degradation.mask(one, alone)
            apart = distance(result[index : index + 1], single)
            require(
                apart <= TOLERANCE,
                expected=f"sample {index} of {SAMPLES} ({told(image)}) is degraded as alone, within {TOLERANCE:g}",
                found=f"it differs by {apart:.3g}",
                cure="let no sample see another in forward, and give each its own entry of params",
            )
            require(
                (mask is None) == (own is None)
                and (mask is None or own is None or torch.equal(mask[index : index + 1], own)),
                expected=f"sample {index} of {SAMPLES} ({told(image)}) has the mask that it has alone",
                found="another mask",
                cure="give each sample its own entry of params in mask",
            )


def sample_of(params: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Return what was drawn for one sample, as params of a batch of one."""
    return {
        key: sample_of(value, index)
        if isinstance(value, Mapping)
        else (value[index : index + 1] if isinstance(value, list) else value)
        for key, value in params.items()
    }


def _different(first: Mapping[str, Any], second: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any, Any]]:
    for key in {**first, **second}:
        a, b = first.get(key), second.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from _different(a, b, f"{place}[{key!r}]")
        elif a != b:
            yield f"{place}[{key!r}]", a, b
