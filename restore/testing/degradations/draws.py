"""What a degradation draws: recorded as JSON can carry it, replayable, and a function of the generator alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch

from restore.contracts import Observation
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.degradations.shown import build, distance, images, observe, told
from restore.testing.subject import Subject

SEEDS = range(8)


@check("the same seed gives the same bits")
def same_seed_same_bits(subject: Subject) -> None:
    """Asked again after another image, and asked of a fresh one, with torch's own generator in another state."""
    degradation = build(subject)
    for image in images(degradation, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            first = observe(degradation, image, 5)
            observe(degradation, image.flip(-1), 6)
            torch.manual_seed(2)
            others = {"asked again": observe(degradation, image, 5), "built anew": observe(build(subject), image, 5)}
        for when, other in others.items():
            found = _difference(first, other)
            require(
                not found,
                expected=f"one seed gives one result ({told(image)})",
                found=f"{when}, {found}",
                cure="draw everything in draw, from the generator that is given; remember nothing between calls",
            )


@check("another seed draws something else, and what it draws matters")
def another_seed_differs(subject: Subject) -> None:
    """Look at eight seeds."""
    degradation = build(subject)
    image = images(degradation)[0]
    seen = [observe(degradation, image, seed) for seed in SEEDS]
    if all(one.params == seen[0].params for one in seen):
        raise Inapplicable("it draws nothing at random")
    require(
        any(not torch.equal(one.image, seen[0].image) for one in seen),
        expected="what is drawn changes the result",
        found=f"{len(seen)} seeds draw {_shown(seen[0].params)}, {_shown(seen[1].params)} ..., and give the same image",
        cure="use in forward what params holds",
    )


@check("what is drawn survives JSON and gives the same bits again")
def params_replay(subject: Subject) -> None:
    """Write the params as JSON, read them, and apply a fresh one with them."""
    degradation = build(subject)
    for image in images(degradation, 3):
        seen = observe(degradation, image)
        _check_form(seen.params, "params", len(image))
        try:
            params = json.loads(json.dumps(seen.params, allow_nan=False))
        except ValueError as error:
            raise CheckFailed("params hold finite numbers", str(error), "JSON has no infinity; None or text") from error
        again = build(subject)
        with torch.no_grad():
            replayed = again(image, params), again.mask(image, params)
        found = _difference(seen, Observation(image=replayed[0], mask=replayed[1], params=params))
        require(
            not found,
            expected=f"the recorded params give the observed result ({told(image)})",
            found=found,
            cure="draw in draw alone and write everything that is drawn into params; noise by its seed",
        )


def _check_form(value: Any, place: str, samples: int) -> None:
    """Check that JSON brings a value back as it is, and that each list at the top has an entry for each sample."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            require(
                isinstance(key, str),
                expected=f"keys of {place} are text",
                found=repr(key),
                cure="JSON has no other keys",
            )
            _check_form(inner, f"{place}[{key!r}]", samples)
        return
    if isinstance(value, list):
        require(
            len(value) == samples,
            expected=f"{place}, being a list, has an entry for each of {samples} samples",
            found=f"{len(value)} entries",
            cure="one entry a sample; what holds for all is no list, or the list as the entry of each sample",
        )
    _check_plain(value, place)


def _check_plain(value: Any, place: str) -> None:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            _check_plain(inner, f"{place}[{index}]")
        return
    require(
        value is None or type(value) in (bool, int, float, str),
        expected=f"{place} is a plain number, text or list, which JSON brings back as it is",
        found=f"{value!r} ({type(value).__name__})",
        cure="convert it: tensor.item(), tensor.tolist(), float(number), list(values)",
    )


def _difference(first: Observation, second: Observation) -> str:
    """Say in what two observations differ; empty if in nothing."""
    if first.params != second.params:
        return f"{_shown(first.params)} is drawn, then {_shown(second.params)}"
    if not torch.equal(first.image, second.image):
        return f"the images differ by up to {distance(first.image, second.image):.3g}"
    if (first.mask is None) != (second.mask is None):
        return "there is a mask once, and none once"
    if first.mask is not None and second.mask is not None and not torch.equal(first.mask, second.mask):
        return f"the masks differ in {int((first.mask != second.mask).sum())} pixels"
    return ""


def _shown(params: Any) -> str:
    text = str(dict(params))
    return text if len(text) <= 80 else text[:77] + "..."
