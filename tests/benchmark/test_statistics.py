"""Bootstrap intervals and paired differences, against scipy and against what can be counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from restore.benchmark import statistics
from restore.benchmark.statistics import bootstrap, paired
from restore.errors import UsageError

SCORES = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40)


@pytest.mark.parametrize("n", [2, 5, 14, 100])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_interval_is_scipys(n, level):
    values = np.random.default_rng(n).normal(0.3, 1, n)
    found = bootstrap(values, level=level, resamples=2000, seed=7)
    student = scipy.stats.t(n - 1).ppf(1 - (1 - level) / 2)
    tail = scipy.stats.norm.cdf(-math.sqrt(n / (n - 1)) * student)
    wanted = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=2000, confidence_level=1 - 2 * tail, method="percentile",
        rng=np.random.default_rng(7),
    ).confidence_interval  # fmt: skip
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert found.mean == pytest.approx(values.mean(), abs=1e-12)


def test_two_values_by_hand():
    """Of two values the mean of a resample is 0, 5 or 10, in 1/4, 1/2 and 1/4 of the cases."""
    assert bootstrap([0, 10]).low == 0
    assert bootstrap([0, 10]).high == 10
    inner = bootstrap([0, 10], level=0.2)  # from the 32nd to the 68th percentile: t = tan(0.1 pi)
    assert (inner.low, inner.mean, inner.high, inner.n) == (5, 5, 5, 2)


def test_a_normal_sample_has_the_textbook_interval():
    """For many values the bootstrap comes to mean +- 1.96 s / sqrt(n)."""
    values = scipy.stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    found = bootstrap(values)
    assert found.high == pytest.approx(1.96 / math.sqrt(2000), rel=0.05)
    assert found.low == pytest.approx(-1.96 / math.sqrt(2000), rel=0.05)


NORMAL, SKEWED = (lambda rng, n: rng.normal(1, 1, n)), (lambda rng, n: rng.exponential(1, n))


@pytest.mark.parametrize(
    ("draw", "n", "samples", "least"),
    [(NORMAL, 6, 2000, 0.92), (NORMAL, 14, 1000, 0.92), (NORMAL, 100, 600, 0.92),
     (SKEWED, 6, 2000, 0.86), (SKEWED, 14, 1000, 0.90), (SKEWED, 100, 600, 0.92)],
)  # fmt: skip
def test_an_interval_holds_the_true_mean_as_often_as_it_says(draw, n, samples, least):
    """Not expanded, it would of six normal values in 86 % of the cases."""
    rng = np.random.default_rng(n)
    found = [bootstrap(draw(rng, n), resamples=500) for _ in range(samples)]
    assert least <= sum(one.low <= 1 <= one.high for one in found) / samples <= 0.97


@given(SCORES, st.integers(0, 2**32))
def test_an_interval_holds_its_mean_and_stays_among_the_values(values, seed):
    found = bootstrap(values, resamples=200, seed=seed)
    assert found == bootstrap(values, resamples=200, seed=seed)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_blocks_change_nothing(monkeypatch):
    values = list(np.random.default_rng(0).random(30))
    whole = bootstrap(values)
    monkeypatch.setattr(statistics, "_BLOCK", 90)  # three resamples at a time
    assert bootstrap(values) == whole


def test_no_values_and_one():
    assert math.isnan(bootstrap([]).mean)
    assert bootstrap([]).n == 0
    assert bootstrap([3.5]) == statistics.Interval(mean=3.5, low=3.5, high=3.5, n=1)


@pytest.mark.parametrize("call", [{"level": 1.0}, {"level": 0.0}, {"resamples": 0}])
def test_an_impossible_interval_is_refused(call):
    with pytest.raises(UsageError):
        bootstrap([1.0, 2.0], **call)


def test_infinite_values_are_refused():
    with pytest.raises(UsageError, match="not finite"):
        bootstrap([1.0, math.inf])


class TestPaired:
    REFERENCE = (20.0, 25.0, 30.0, 35.0, 28.0, 22.0)

    def moved(self, *steps):
        return [score + step for score, step in zip(self.REFERENCE, steps, strict=True)]

    def test_a_gain_on_every_image(self):
        found = paired(self.moved(1, 2, 1, 2, 1, 2), self.REFERENCE, higher_is_better=True)
        assert found.differences == (1, 2, 1, 2, 1, 2)
        assert (found.gains, found.losses, found.ties, found.verdict) == (6, 0, 0, "better")
        assert found.interval.mean == 1.5
        assert (found.interval.low, found.interval.high) == (1, 2)  # all six resampled alike: in 1.6 % of the cases

    def test_the_direction_of_the_metric_turns_the_verdict(self):
        higher = self.moved(1, 2, 1, 2, 1, 2)
        found = paired(higher, self.REFERENCE, higher_is_better=False)
        assert (found.gains, found.losses, found.verdict) == (0, 6, "worse")
        assert found.interval.mean == 1.5
        assert paired(self.REFERENCE, higher, higher_is_better=False).verdict == "better"
        assert paired(self.REFERENCE, higher, higher_is_better=True).verdict == "worse"

    def test_pairing_finds_what_means_hide(self):
        """The scores spread over 15 dB and the gain is 0.1 dB, but it is there on each image."""
        assert paired(self.moved(*[0.1] * 6), self.REFERENCE, higher_is_better=True).verdict == "better"

    def test_gains_and_losses_are_undecided(self):
        found = paired(self.moved(1, -1, 1, -1, 1, -1), self.REFERENCE, higher_is_better=True)
        assert (found.gains, found.losses, found.verdict) == (3, 3, "undecided")

    def test_the_same_scores_are_identical(self):
        found = paired(self.REFERENCE, self.REFERENCE, higher_is_better=True)
        assert (found.verdict, found.ties, found.interval.mean) == ("identical", 6, 0)

    def test_five_images_are_too_few(self):
        """A sign test on five wins of five gives p = 2 / 2**5 = 0.0625, above 0.05; on six, 0.03125."""
        five = paired(self.moved(1, 2, 1, 2, 1, 2)[:5], self.REFERENCE[:5], higher_is_better=True)
        assert (five.gains, five.verdict) == (5, "too few images")

    def test_infinite_scores_count_as_wins_and_stay_out_of_the_mean(self):
        method = [*self.moved(1, 1, 1, 1, 1, 1), math.inf, math.inf, 30.0]
        reference = [*self.REFERENCE, 40.0, math.inf, math.inf]
        found = paired(method, reference, higher_is_better=True)
        assert (found.gains, found.losses, found.ties, found.left_out) == (7, 1, 1, 2)
        assert found.differences[6:] == (math.inf, 0.0, -math.inf)
        assert found.interval.mean == pytest.approx(6 / 7)

    def test_lists_of_different_lengths_are_refused(self):
        with pytest.raises(UsageError, match="2 scores against 1"):
            paired([1, 2], [1], higher_is_better=True)

    def test_a_score_that_is_no_number_is_refused(self):
        with pytest.raises(UsageError, match="not a number"):
            paired([math.nan], [1], higher_is_better=True)
