"""Scores of a prediction against a target, for images of any kind."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from restore import images
from restore.benchmark.columns import HOLE
from restore.benchmark.pair import Pair, extras_of
from restore.benchmark.pixels import refuse_transparency, to_tensor
from restore.benchmark.protocol import Protocol
from restore.benchmark.protocols import find_protocol
from restore.errors import DamagedWeightsError, InputError, UsageError, WeightsError
from restore.options import parse
from restore.registry import Component, registry

if TYPE_CHECKING:
    from restore.contracts import Metric

ALWAYS = ("psnr",)
"""Metrics that two images are enough for: where one of them cannot be computed, the images are at fault."""
NO_HOLE = "two images do not tell where the hole is; restore bench measures it"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What was measured, and why the rest was not."""

    values: dict[str, float] = field(default_factory=dict)
    """By name of the metric."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a metric of the protocol has no value, in one line with the cure."""


def evaluate(
    prediction: Any, target: Any, *, protocol: str | Protocol = "rgb", scale: int | None = None
) -> dict[str, float]:
    """Measure an image against the one it should be.

    Args:
        prediction: path, bytes, PIL image, array or tensor.
        target: the same size and number of channels; its kind and dtype may differ.
        protocol: a name (``rgb``, ``y``, ``sr-rgb``, ``sr-y`` ...), the path of a TOML file, or a Protocol.
            Both images are measured as they are: what it says of originals, their degradation and holes is
            for ``restore bench``.
        scale: of the degradation; ``sr-*`` crop as many pixels on each side.

    Returns:
        ``{"psnr": dB, "ssim": 1 for identical images}`` and what else the protocol lists; of a batch, the mean
        of its images' scores. A metric that needs weights or an input that are not there is left out, and so
        is one that these images are too small for, other than PSNR.

    Raises:
        InputError: images that cannot be read, differ in size or channels, have transparent pixels, or are
            too small.
        UsageError: the protocol needs a scale.
        UnknownNameError: no such protocol.
        DamagedWeightsError: weights that a metric needs are not what they should be.
    """
    return measure(prediction, target, protocol=protocol, scale=scale).values


def measure(prediction: Any, target: Any, *, protocol: str | Protocol = "rgb", scale: int | None = None) -> Scores:
    """Measure as ``evaluate`` does, and say of each metric that is left out why. Raises as ``evaluate``."""
    chosen = (find_protocol(protocol) if isinstance(protocol, str) else protocol).at(scale)
    first, second = images.load(prediction), images.load(target)
    _check(first, second)
    pair = Pair(to_tensor(first), to_tensor(second), chosen)
    scores = Scores()
    for text in chosen.metrics:
        name = parse(text)[0]
        try:
            metric = find_metric(chosen.meant("metric", text))
            scores.values[name] = _score(metric, pair)
        except (WeightsError, InputError) as error:
            if name in ALWAYS or isinstance(error, DamagedWeightsError):
                raise
            scores.reasons[name] = "; ".join(part for part in (error.message, error.cure) if part)
            continue
        if "hole" in chosen.regions and "mask" in extras_of(metric):
            scores.reasons[f"{name}{HOLE}"] = NO_HOLE
    return scores


def _score(metric: Metric, pair: Pair) -> float:
    """Return the mean over the batch. Raises InputError, also for a metric that wants more than two images."""
    try:
        score = float(pair.scored_by(metric).mean())
    except UsageError as error:
        raise InputError(error.message, error.cure) from error
    if math.isnan(score):
        raise InputError("the score is not a number", "look for NaN and infinity in the images")
    return score


def find_metric(text: str) -> Metric:
    """Return a metric by name and options, ``lpips:net=alex``; the same one for the same text.

    Raises:
        UnknownNameError: no plugin offers it.
        UsageError: an option that it does not take.
        WeightsError: it needs weights that are not here.
    """
    name, options = parse(text)
    return _built(registry().find("metric", name), tuple(sorted(options.items())))


@functools.lru_cache(maxsize=16)
def _built(component: Component, options: tuple[tuple[str, str], ...]) -> Metric:
    return cast("Metric", component.build(**dict(options)))


def _check(first: images.Photo, second: images.Photo) -> None:
    for photo in (first, second):
        refuse_transparency(photo)
    if (first.height, first.width) != (second.height, second.width):
        raise InputError(
            f"{first.name} is {first.width} x {first.height}, and {second.name} is {second.width} x {second.height}",
            "a score needs images of one size; crop the target as the degradation did",
        )
    if first.channels != second.channels:
        kind = {1: "gray", 3: "RGB"}
        raise InputError(
            f"{first.name} is {kind[first.channels]}, and {second.name} is {kind[second.channels]}",
            "convert one of them",
        )
    if first.batch != second.batch:
        raise InputError(
            f"{first.name} holds {first.batch} images, and {second.name} holds {second.batch}",
            "give batches of one size",
        )
