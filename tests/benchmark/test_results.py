"""The result's numbers, by hand, and its file."""

from __future__ import annotations

import json
import math

import pytest

from restore.benchmark import results
from restore.errors import InputError, UsageError


def score(image, value, *, status="ok", reason=None):
    return {
        "model": "m", "dataset": "d", "image": image, "width": 10, "height": 20, "status": status,
        "metrics": {"psnr": value}, "reasons": {"psnr": reason} if reason else {},
    }  # fmt: skip


def timed(image, seconds):
    return {
        "model": "m", "dataset": "d", "image": image, "seconds": seconds, "peak_device_bytes": None,
        "peak_host_bytes": int(seconds * 100),
    }  # fmt: skip


def test_a_summary_is_the_mean_of_the_images_scores():
    [row] = results.summarise(
        [score("a", 20.0), score("b", 40.0), score("c", 30.0)], [timed("a", 1.0), timed("b", 2.0), timed("c", 5.0)]
    )
    assert row["metrics"] == {"psnr": 30.0}
    assert row["std"] == {"psnr": 10.0}
    assert (row["n"], row["failed"]) == (3, 0)
    assert (row["seconds_median"], row["seconds_iqr"]) == (2.0, 3.5 - 1.5)
    assert row["images_per_second"] == 3 / 8
    assert row["megapixels_per_second"] == pytest.approx(600 / 8 / 1e6, rel=1e-12)
    assert (row["peak_device_bytes"], row["peak_host_bytes"]) == (None, 500)


def test_identical_images_score_infinity_as_text():
    [row] = results.summarise([score("a", "inf"), score("b", 40.0)], [])
    assert (row["metrics"], row["std"]) == ({"psnr": "inf"}, {"psnr": None})
    json.dumps(row, allow_nan=False)


def test_a_mean_over_some_of_the_images_is_no_mean():
    [row] = results.summarise([score("a", 20.0), score("b", None, reason="too small")], [])
    assert row["metrics"] == {"psnr": None}
    assert row["reasons"] == {"psnr": "1 of 2: too small"}


def test_images_that_failed_are_counted_and_left_out():
    [row] = results.summarise([score("a", 20.0), score("b", None, status="failed")], [timed("a", 1.0)])
    assert (row["n"], row["failed"], row["metrics"], row["reasons"]) == (1, 1, {"psnr": 20.0}, {})


def test_a_model_that_failed_altogether_has_a_row_without_numbers():
    [row] = results.summarise([score("a", None, status="failed")], [])
    assert (row["n"], row["failed"], row["metrics"]) == (0, 1, {"psnr": None})
    assert all(row[name] is None for name in results.TIMES)


def test_what_is_stable_holds_all_but_times():
    found = {
        "schema": 1, "created": "now", "command": ["x"], "timing": [1], "scores": [2],
        "summary": [{"model": "m", "n": 1, **dict.fromkeys(results.TIMES, 1)}],
    }  # fmt: skip
    assert results.stable(found) == {"schema": 1, "scores": [2], "summary": [{"model": "m", "n": 1}]}


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "results.json"
    results.write({"schema": 1, "name": "ü"}, path)
    with pytest.raises(ValueError, match="Out of range"):
        results.write({"schema": math.inf}, path)
    assert json.loads(path.read_text()) == {"schema": 1, "name": "ü"}
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_reading_takes_a_file_or_a_run_and_refuses_everything_else(tmp_path):
    whole = {"schema": 1, **{name: [] for name in ("protocol", "environment", "datasets", "models", "scores")}}
    results.write({**whole, "summary": []}, tmp_path / "results.json")
    assert results.read(tmp_path) == results.read(str(tmp_path / "results.json")) == results.read(str(tmp_path))
    for name, text in (("no json", "{"), ("list", "[]"), ("later", '{"schema": 2}'), ("part", json.dumps(whole))):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="no result"):
            results.read(tmp_path / name)
    with pytest.raises(UsageError, match="does not exist"):
        results.read(tmp_path / "nothing")
