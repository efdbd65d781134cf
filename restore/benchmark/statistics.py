"""Statistics of scores: means with bootstrap intervals, and differences of images that belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from restore.errors import UsageError

RESAMPLES = 10_000
LEVEL = 0.95
FEWEST = 6
"""Pairs below which there is no verdict: of five, even five wins come about by chance in one case of 16."""

_BLOCK = 4_000_000

Verdict = Literal["better", "worse", "undecided", "identical", "too few images"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The mean of some values and where it may lie, given that they are a sample."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Paired:
    """What a metric says of one method against another, image by image.

    Args:
        differences: method minus reference, one value an image, in the order of the pairs; infinite where
            one of the two restored an image perfectly.
        interval: of the mean of the finite differences.
        gains: images on which the method is better by this metric, whichever direction that is.
        losses: images on which it is worse.
        verdict: ``better`` or ``worse`` where the interval leaves out 0, else ``undecided``.
    """

    differences: tuple[float, ...]
    interval: Interval
    gains: int
    losses: int
    verdict: Verdict

    @property
    def ties(self) -> int:
        """Images with the same score."""
        return len(self.differences) - self.gains - self.losses

    @property
    def left_out(self) -> int:
        """Pairs whose difference is infinite and so is in no mean."""
        return len(self.differences) - self.interval.n


def bootstrap(values: Sequence[float], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Return the mean and its expanded percentile bootstrap interval (Efron 1979, Hesterberg 2015).

    Each resample draws as many values as there are, with replacement; the interval cuts a share of the resamples'
    means off at either end. That share would be ``(1 - level) / 2``, but such an interval of a mean is too short for
    few values, by as much as a normal distribution is narrower than Student's and by dividing by n instead of n - 1.
    So it is the share at which a normal interval would be as wide as Student's. The same values give the same
    interval: the seed is fixed.

    Args:
        values: finite numbers; of none, everything is NaN, and of one, the interval is the value itself.
        level: share of the means inside the interval, between 0 and 1.
        resamples: how many are drawn.
        seed: of the generator.

    Raises:
        UsageError: a value that is not finite, a level outside (0, 1), or no resample.
    """
    sample = np.asarray(values, dtype=np.float64)
    if not np.isfinite(sample).all():
        raise UsageError("a bootstrap of values that are not finite has no mean", "leave infinite scores out")
    if not 0 < level < 1 or resamples < 1:
        raise UsageError(f"no interval of level {level} from {resamples} resamples", "take 0.95 and 10000")
    if sample.size == 0:
        return Interval(mean=math.nan, low=math.nan, high=math.nan, n=0)
    means = _resampled_means(sample, resamples, np.random.default_rng(seed))
    tail = _tail(level, sample.size)
    low, high = np.percentile(means, (100 * tail, 100 * (1 - tail)))
    return Interval(mean=float(sample.mean()), low=float(low), high=float(high), n=sample.size)


def _tail(level: float, n: int) -> float:
    """Return the share of the resamples' means beyond either end: ``Phi(-sqrt(n / (n - 1)) t)``, t of n - 1 degrees."""
    from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]

    if n < 2:
        return (1 - level) / 2
    return float(ndtr(-math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + level) / 2)))


def paired(method: Sequence[float], reference: Sequence[float], *, higher_is_better: bool, seed: int = 0) -> Paired:
    """Compare two methods on the same images.

    Args:
        method: a score for each image; infinity is allowed.
        reference: the other method's score of the same images, in the same order.
        higher_is_better: the direction of the metric.
        seed: of the bootstrap.

    Raises:
        UsageError: different numbers of images, or a score that is not a number.
    """
    if len(method) != len(reference):
        raise UsageError(f"{len(method)} scores against {len(reference)}", "give one pair for each image")
    if any(math.isnan(score) for score in (*method, *reference)):
        raise UsageError("a score is not a number", "leave images without a score out of both")
    differences = tuple(0.0 if a == b else a - b for a, b in zip(method, reference, strict=True))
    up, down = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    gains, losses = (up, down) if higher_is_better else (down, up)
    interval = bootstrap([d for d in differences if math.isfinite(d)], seed=seed)
    return Paired(
        differences=differences,
        interval=interval,
        gains=gains,
        losses=losses,
        verdict=_verdict(interval, gains, losses, higher_is_better),
    )


def _verdict(interval: Interval, gains: int, losses: int, higher_is_better: bool) -> Verdict:
    if interval.n and not gains and not losses:
        return "identical"
    if interval.n < FEWEST:
        return "too few images"
    if interval.low <= 0 <= interval.high:
        return "undecided"
    return "better" if (interval.low > 0) == higher_is_better else "worse"


def _resampled_means(sample: NDArray[np.float64], resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw in blocks: ten thousand resamples of ten thousand images would not fit into memory."""
    block = max(1, _BLOCK // sample.size)
    means = np.empty(resamples)
    for start in range(0, resamples, block):
        count = min(block, resamples - start)
        means[start : start + count] = sample[rng.integers(0, sample.size, (count, sample.size))].mean(axis=1)
    return means
