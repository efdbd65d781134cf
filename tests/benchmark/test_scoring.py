"""Scores of a result: every metric on every region, and a reason where one is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from restore.benchmark import find_protocol
from restore.benchmark.cases import make_case
from restore.benchmark.datasets import find_datasets
from restore.benchmark.scoring import Scorer
from restore.composition import build_degradation
from restore.errors import PluginError, UnknownNameError

CPU = torch.device("cpu")


@pytest.fixture
def case(pictures):
    """Return what degrades a picture of some size."""

    def make(protocol, size=(16, 12)):
        [dataset] = find_datasets(pictures(f"d{size}", a=size), [])
        return make_case(dataset.images[0], protocol, build_degradation(protocol.degradation))

    return make


def test_regions_are_columns(lab, case):
    protocol = find_protocol("lab-holes")
    made = case(protocol)
    scorer = Scorer(protocol, CPU)
    missing = made.observation.mask.expand_as(made.target).bool()
    wrong = torch.where(missing, made.target ^ 1, made.target)  # one level off, in holes only
    scores, reasons = scorer(wrong, made)
    assert scorer.columns == ("levels", "levels-hole")
    share = round(0.4 * 16 * 12) / (16 * 12)
    assert scores == {"levels": pytest.approx(share, abs=1e-12), "levels-hole": pytest.approx(1, abs=1e-12)}
    assert reasons == {}


def test_a_metric_that_knows_no_mask_has_no_column_for_holes(lab, case):
    protocol = replace(find_protocol("lab-holes"), metrics=("levels", "fussy"))
    assert Scorer(protocol, CPU).columns == ("levels", "fussy", "levels-hole")


def test_infinity_is_text_and_a_metric_that_cannot_measure_says_why(lab, case):
    protocol = replace(find_protocol("lab"), metrics=("levels", "fussy"))
    scorer = Scorer(protocol, CPU)
    small, large = case(protocol), case(protocol, (20, 24))
    assert scorer(large.target, large)[0] == {"levels": 0.0, "fussy": "inf"}
    scores, reasons = scorer(small.target, small)
    assert scores == {"levels": 0.0, "fussy": None}
    assert reasons == {"fussy": "20 pixels are needed; use larger images"}


def test_weights_that_are_missing_are_told_for_the_whole_run(lab, case, monkeypatch):
    protocol = replace(find_protocol("lab"), metrics=("levels", "learned"))
    made = case(protocol)
    scorer = Scorer(protocol, CPU)
    why = "the weights are not here; restore weights fetch learned"
    assert scorer.record()["learned"]["absent"] == why
    assert scorer(made.target, made) == ({"levels": 0.0, "learned": None}, {"learned": why})
    monkeypatch.setenv("LAB_WEIGHTS", "1")
    scorer = Scorer(protocol, CPU)
    assert scorer(made.target, made) == ({"levels": 0.0, "learned": 1.0}, {})
    assert scorer.record()["levels"] == {
        "distribution": "restore-lab", "version": "1.0", "label": "Levels off", "unit": "levels", "digits": 1,
        "higher_is_better": False,
        "description": "mean absolute error", "absent": None,
    }  # fmt: skip
    assert scorer.record()["learned"]["description"] is None


def test_a_metric_that_cannot_be_made_still_says_how_it_is_read(lab):
    told = Scorer(replace(find_protocol("lab"), metrics=("levels", "costly")), CPU).record()["costly"]
    assert told["absent"] == "the weights are not here; restore weights fetch costly"
    assert (told["higher_is_better"], told["unit"], told["label"], told["digits"]) == (False, "coins", "costly", 4)


def test_a_result_of_another_size_is_the_models_failure(lab, case):
    made = case(find_protocol("lab"))
    with pytest.raises(PluginError, match="11 x 16 with 3 channels where 12 x 16"):
        Scorer(find_protocol("lab"), CPU)(made.target[..., 1:], made)


def test_an_unknown_metric_is_told_at_once(lab):
    with pytest.raises(UnknownNameError, match="levles"):
        Scorer(replace(find_protocol("lab"), metrics=("levles",)), CPU)
