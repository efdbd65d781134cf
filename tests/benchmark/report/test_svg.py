"""The axis that drawings share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.benchmark.report.svg import axis

SCORES = st.floats(-1e3, 1e3)


@pytest.mark.parametrize("values", [[55.43071377516756, 55.43071377516755], [0.0], [], [float("inf")]])
def test_scores_that_rounding_alone_sets_apart_have_an_axis(values):
    drawn = list(axis(values, left=0, right=100).drawn(0, 10))
    assert drawn


@given(st.lists(SCORES, min_size=1), SCORES)
def test_an_axis_holds_its_values_and_has_different_ticks(values, spread):
    scale = axis([*values, values[0] + spread * 1e-12], left=0, right=100)
    assert all(0 < scale.x(value) < 100 for value in values)
    ticks = scale.ticks()
    assert len(set(ticks)) == len(ticks) > 1
    assert list(scale.drawn(0, 10))
