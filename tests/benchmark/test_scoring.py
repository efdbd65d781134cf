"""Scores of a result: every metric on every region, and a reason where one is missing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from restore.benchmark import Protocol, find_protocol
from restore.benchmark.cases import make_case
from restore.benchmark.datasets import find_datasets
from restore.benchmark.scoring import Scorer
from restore.composition import build_degradation
from restore.errors import DamagedWeightsError, PluginError, UnknownNameError

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
    levels = scorer.record()["levels"]
    assert len(levels.pop("source")) == 64
    assert levels == {
        "distribution": "restore-lab", "version": "1.0", "label": "Levels off", "unit": "levels", "digits": 1,
        "higher_is_better": False,
        "description": "mean absolute error", "absent": None,
    }  # fmt: skip
    assert scorer.record()["learned"]["description"] is None


def test_damaged_weights_are_told_before_anything_is_measured(lab, monkeypatch):
    monkeypatch.setenv("LAB_WEIGHTS", "damaged")
    with pytest.raises(DamagedWeightsError, match=r"learned\.safetensors is damaged") as caught:
        Scorer(replace(find_protocol("lab"), metrics=("levels", "learned")), CPU)
    assert (caught.value.exit_code, caught.value.cure) == (4, "restore weights fetch learned")


def test_what_is_no_score_costs_its_own_column(lab, case):
    protocol = replace(find_protocol("lab"), metrics=("odd", "levels"))
    scorer, made = Scorer(protocol, CPU), case(protocol)
    why = {
        1: "the metric gave 3 scores of one image",
        2: "the score is not a number; look for NaN and infinity in the images",
    }
    for first, reason in why.items():
        result = made.target.clone()
        result[0, 0, 0, 0] = first
        scores, reasons = scorer(result, made)
        assert reasons == {"odd": reason}
        assert scores["odd"] is None
        assert scores["levels"] >= 0
    result[0, 0, 0, 0] = 7
    assert scorer(result, made)[0]["odd"] == 7


def test_an_image_is_prepared_once_for_all_metrics_and_regions(case, monkeypatch):
    """PSNR and SSIM of image and hole, and an LPIPS that is absent: one prediction, one target."""
    protocol = find_protocol("inpaint-center")
    made = case(protocol, (48, 40))
    scorer, prepare, prepared = Scorer(protocol, CPU), Protocol.prepare, []
    monkeypatch.setattr(Protocol, "prepare", lambda *given, **more: prepared.append(1) or prepare(*given, **more))
    scores, _ = scorer(made.target ^ 1, made)
    assert {"psnr", "ssim", "psnr-hole", "ssim-hole"} <= scores.keys()
    assert len(prepared) == 2


def test_starting_to_measure_does_not_wait_for_the_device(case):
    """A meta tensor has no values, so that whatever asked for one would fail: as good as a GPU to find that out."""
    protocol = replace(find_protocol("sr-x4"), metrics=("psnr", "ssim", "lr-consistency"))
    made = case(protocol, (48, 40))
    pending = Scorer(protocol, torch.device("meta")).measure(made.target, made)
    assert pending.reasons == {}
    assert tuple(pending.scores) == protocol.metrics
    assert {score.device.type for score in pending.scores.values()} == {"meta"}


def test_scores_can_be_fetched_in_another_thread(case):
    protocol = replace(find_protocol("sr-x4"), metrics=("psnr", "ssim"))
    made = case(protocol, (48, 40))
    scorer = Scorer(protocol, CPU)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(scorer.measure(made.target ^ 1, made).result).result() == scorer(made.target ^ 1, made)


def test_what_comes_from_a_device_without_float64_is_measured_on_the_cpu(case):
    protocol = replace(find_protocol("sr-x4"), metrics=("psnr", "ssim"))
    made = case(protocol, (48, 40))
    assert Scorer(protocol, torch.device("mps"))(made.target, made) == ({"psnr": "inf", "ssim": 1.0}, {})


@pytest.mark.gpu
def test_a_gpu_is_waited_for_once(case):
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    protocol = replace(find_protocol("sr-x4"), metrics=("psnr", "ssim"))
    made = case(protocol, (48, 40))
    scorer = Scorer(protocol, torch.device("cuda"))
    expected = Scorer(protocol, CPU)(made.target ^ 1, made)[0]
    try:
        torch.cuda.set_sync_debug_mode("error")
        pending = scorer.measure(made.target ^ 1, made)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    scores, reasons = pending.result()
    assert (scores, reasons) == (pytest.approx(expected, abs=1e-9), {})


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
