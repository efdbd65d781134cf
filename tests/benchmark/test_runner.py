"""A run: complete, isolated, reproducible, and indifferent to being killed."""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
import torch
from PIL import Image

from restore.benchmark import find_protocol, kept, results, runner
from restore.benchmark.observer import Silent
from restore.benchmark.runner import Settings, run
from restore.benchmark.scoring import Pending
from restore.cli.degrade import seed_of
from restore.errors import InputError, UsageError

SIZES = {"a": (17, 20), "b": (24, 22), "c": (24, 22)}


@pytest.fixture
def bench(tmp_path, lab):
    """Return what runs the lab's protocol."""

    def go(data, *models, protocol="lab", output="out", device="cpu", observer=None, **settings):
        chosen = find_protocol(protocol)
        return run(Settings(
            protocol=chosen, models=models, data=data, output=tmp_path / output, device=device, **settings
        ), observer)  # fmt: skip

    return go


class Listener(Silent):
    """Keeps what it was told."""

    def __init__(self):
        self.told, self.rows = [], []

    def unloadable(self, model, error):
        self.told.append(f"{model}: {error}")

    def finished(self, row):
        self.rows.append(row["model"])


def rows(found, **wanted):
    return [row for row in found["scores"] if all(row[key] == value for key, value in wanted.items())]


def white(folder, name):
    Image.fromarray(np.full((20, 20, 3), 255, np.uint8)).save(folder / f"{name}.png")


def test_a_result_has_a_row_for_each_model_data_set_and_image_in_order(bench, pictures, tmp_path):
    pictures("data/two", b=(10, 10))
    pictures("data/One", **SIZES)
    found = bench(tmp_path / "data", "dice")
    order = [("one", "a"), ("one", "b"), ("one", "c"), ("two", "b")]
    assert [(r["model"], r["dataset"], r["image"]) for r in found["scores"]] == [
        (model, *place) for model in ("plain", "dice") for place in order
    ]
    assert [(r["model"], r["dataset"], r["n"]) for r in found["summary"]] == [
        ("plain", "one", 3), ("plain", "two", 1), ("dice", "one", 3), ("dice", "two", 1),
    ]  # fmt: skip
    assert rows(found, image="a")[0]["seed"] == seed_of(0, (tmp_path / "a.png").relative_to(tmp_path))
    assert (rows(found, image="a")[0]["width"], rows(found, image="a")[0]["height"]) == (20, 16)


def test_the_scores_are_those_of_the_images_that_are_kept(bench, pictures, tmp_path):
    found = bench(pictures("data", **SIZES), "dice")
    for row in found["scores"]:
        folder = tmp_path / "out/images/data"
        made, target = (
            np.asarray(Image.open(folder / kind / f"{row['image']}.png"), float) for kind in (row["model"], "target")
        )
        assert row["metrics"]["levels"] == pytest.approx(np.abs(made - target).mean(), abs=1e-9)
        low = np.asarray(Image.open(folder / "input" / f"{row['image']}.png"))
        assert low.shape == (target.shape[0] // 2, target.shape[1] // 2, 3)


def test_the_result_is_what_the_schema_says(bench, pictures):
    folder = pictures("data", **SIZES)
    white(folder, "d")
    (folder / "e.png").write_bytes(b"no image")
    (folder / "f.png").symlink_to(folder / "gone.png")
    found = bench(folder, "picky", "broken", command=("restore", "bench"))
    schema = json.loads(files("restore.benchmark").joinpath("results.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    check.validate(found)
    for spoil in (
        lambda f: f["scores"][0].update(status="maybe"),
        lambda f: f["scores"][0]["metrics"].update(levels="much"),
        lambda f: f["scores"][0].update(error="none"),
        lambda f: f["protocol"].update(hash="abc"),
        lambda f: f["models"][0].update(weights={"name": "x"}),
        lambda f: f.pop("environment"),
    ):
        spoiled = json.loads(json.dumps(found))
        spoil(spoiled)
        assert not check.is_valid(spoiled)


def test_a_result_tells_where_it_comes_from(bench, pictures, tmp_path):
    found = bench(pictures("data", a=(8, 8)), "dice")
    assert found == results.read(tmp_path / "out")
    protocol = find_protocol("lab")
    assert (found["protocol"]["hash"], found["protocol"]["fields"]) == (protocol.hash, protocol.as_dict())
    environment = found["environment"]
    assert (environment["device"], environment["precision"]) == ("cpu", "auto")
    assert environment["versions"]["numpy"] == np.__version__
    assert os.uname().nodename not in json.dumps(found)
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"results.json", "table.md", "report.html", "scores.csv"}


def test_a_failing_image_and_a_failing_model_cost_only_their_rows(bench, pictures):
    folder = pictures("data", **SIZES)
    white(folder, "bright")
    (folder / "damaged.png").write_bytes(b"no image")
    found = bench(folder, "picky", "broken", "wrong")
    assert [r["status"] for r in rows(found, model="plain")] == ["ok", "ok", "ok", "ok", "failed"]
    failed = {r["image"]: r["error"] for r in rows(found, model="picky", status="failed")}
    assert failed.keys() == {"bright", "damaged"}
    assert "too bright for me" in failed["bright"]
    assert "damaged.png" in failed["damaged"]
    assert all("no such luck" in r["error"] for r in rows(found, model="broken"))
    assert all("made" in r["error"] for r in rows(found, model="wrong", image="a"))
    counts = {row["model"]: (row["n"], row["failed"]) for row in found["summary"]}
    assert counts == {"plain": (4, 1), "picky": (3, 2), "broken": (0, 5), "wrong": (0, 5)}
    assert not rows(found, model="broken")[0]["metrics"]["levels"]


def test_a_model_or_a_metric_that_exits_ends_nothing(lab, pictures, tmp_path):
    protocol = replace(find_protocol("lab"), metrics=("levels", "leaver"), baselines=())
    found = run(
        Settings(protocol=protocol, models=("quitter", "plain"), data=pictures("data", a=(8, 8)), output=tmp_path)
    )
    assert [(row["model"], row["status"]) for row in found["scores"]] == [("quitter", "failed"), ("plain", "ok")]
    assert "quitter called for the end of the program" in found["scores"][0]["error"]
    assert found["scores"][1]["metrics"]["levels"] is not None
    assert "called for the end of the program" in found["scores"][1]["reasons"]["leaver"]


def test_an_image_that_no_model_gets_costs_its_rows_and_stays_in_the_record(bench, pictures):
    folder = pictures("data", **SIZES)
    (folder / "d.png").mkdir()
    Image.fromarray(np.full((20, 20, 4), 100, np.uint8)).save(folder / "glass.png")
    (folder / "half.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "link.png").symlink_to(folder / "gone.png")
    found = bench(folder, "dice")
    errors = {row["image"]: row["error"] for row in rows(found, model="dice")}
    assert [name for name, error in errors.items() if error is None] == list(SIZES)
    assert "glass.png has transparent pixels" in errors["glass"]
    assert "half.png" in errors["half"]
    assert "gone.png" not in errors["link"]
    assert "link.png does not exist" in errors["link"]
    images = {image["name"]: image["sha256"] for image in found["datasets"][0]["images"]}
    assert list(images) == list(errors)
    assert [name for name, digest in images.items() if digest is None] == ["link"]


def test_a_link_that_is_mended_is_done_when_the_run_goes_on(bench, pictures, tmp_path):
    folder = pictures("data", a=(17, 20), b=(24, 22))
    (folder / "b.png").rename(tmp_path / "b.png")
    (folder / "b.png").symlink_to(folder / "gone.png")
    assert [r["status"] for r in bench(folder)["scores"]] == ["ok", "failed"]
    (folder / "b.png").unlink()
    (tmp_path / "b.png").rename(folder / "b.png")
    assert results.stable(bench(folder)) == results.stable(bench(folder, output="other"))


def test_a_model_that_cannot_be_loaded_is_told_once(bench, pictures):
    listener = Listener()
    bench(pictures("data", **SIZES), "broken", observer=listener)
    [told] = listener.told
    assert told.startswith("broken: ")
    assert "no such luck" in told
    assert listener.rows == ["plain"] * 3 + ["broken"] * 3


def test_what_is_missing_alone_is_changed_and_holes_are_measured(bench, pictures, tmp_path):
    found = bench(pictures("data", **SIZES), "filler", "telea", protocol="lab-holes")
    for image in SIZES:
        folder = tmp_path / "out/images/data"
        made, target, mask = (
            np.asarray(Image.open(folder / kind / f"{image}.png")) for kind in ("filler", "target", "mask")
        )
        missing = mask > 0
        assert missing.mean() == pytest.approx(0.4, abs=0.002)
        assert (made[~missing] == target[~missing]).all()
        assert (made[missing] == 255).all()
        [row] = rows(found, model="filler", image=image)
        hole = (255.0 - target[missing]).mean()
        assert row["metrics"]["levels-hole"] == pytest.approx(hole, abs=1e-9)
        assert row["metrics"]["levels"] == pytest.approx(hole * missing.mean(), abs=1e-9)


def test_two_runs_give_the_same_and_the_second_in_a_folder_does_nothing(bench, pictures, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("LAB_LOG", str(log))
    folder = pictures("data", **SIZES)
    first = bench(folder, "dice")
    count = len(log.read_text().splitlines())
    assert count == 2 * (3 + 2)  # two models, three images of two shapes, of each a warm-up
    text = (tmp_path / "out/results.json").read_bytes()
    bench(folder, "dice")
    assert len(log.read_text().splitlines()) == count
    assert (tmp_path / "out/results.json").read_bytes() == text
    assert results.stable(bench(folder, "dice", output="other")) == results.stable(first)


def test_models_and_images_can_be_added_to_a_run(bench, pictures, tmp_path, monkeypatch):
    folder = pictures("data", **SIZES)
    bench(folder, limit=1)
    log = tmp_path / "log"
    monkeypatch.setenv("LAB_LOG", str(log))
    found = bench(folder, "dice")
    assert log.read_text().splitlines() == ["Plain"] * 3 + ["Dice"] * 5  # the first image was there
    assert results.stable(found) == results.stable(bench(folder, "dice", output="other"))


def test_what_failed_and_what_was_deleted_is_done_again(bench, pictures, tmp_path):
    folder = pictures("data", **SIZES)
    (folder / "b.png").rename(tmp_path / "b.png")
    (folder / "b.png").write_bytes(b"no image")
    assert [r["status"] for r in bench(folder)["scores"]] == ["ok", "failed", "ok"]
    (tmp_path / "b.png").replace(folder / "b.png")
    (tmp_path / "out/images/data/plain/c.png").unlink()
    again = bench(folder)
    assert [r["status"] for r in again["scores"]] == ["ok", "ok", "ok"]
    assert (tmp_path / "out/images/data/plain/c.png").exists()
    assert results.stable(again) == results.stable(bench(folder, output="other"))


def test_an_image_that_changed_is_done_again(bench, pictures, tmp_path):
    folder = pictures("data", a=(16, 16))
    before = bench(folder)
    white(folder, "a")
    after = bench(folder)
    assert after["scores"][0]["metrics"]["levels"] == 0 != before["scores"][0]["metrics"]["levels"]
    assert np.asarray(Image.open(tmp_path / "out/images/data/target/a.png")).min() == 255


def test_an_image_that_changed_and_changed_back_is_done_once_more(bench, pictures, tmp_path):
    """Its scores are known, and the pictures beside them are another's by then."""
    folder = pictures("data", a=(16, 16))
    before = bench(folder)
    first, target = (folder / "a.png").read_bytes(), tmp_path / "out/images/data/target/a.png"
    kept = np.asarray(Image.open(target))
    white(folder, "a")
    bench(folder)
    (folder / "a.png").write_bytes(first)
    assert bench(folder)["scores"] == before["scores"]
    assert np.array_equal(np.asarray(Image.open(target)), kept)


def test_a_run_under_another_protocol_or_seed_is_refused(bench, pictures):
    folder = pictures("data", a=(16, 16))
    bench(folder, "filler", protocol="lab-holes")
    with pytest.raises(UsageError, match=r"continued: protocol\.id was 'lab-holes' and is 'lab'"):
        bench(folder, "dice")


def test_a_run_with_another_seed_is_refused_by_its_field_and_the_hash_comes_last(lab, pictures, tmp_path):
    folder, first = pictures("data", a=(16, 16)), find_protocol("lab")
    settings = Settings(protocol=first, models=("plain",), data=folder, output=tmp_path / "out")
    run(settings)
    with pytest.raises(UsageError, match=r"continued: protocol\.seed was 0 and is 3; protocol\.hash was '\w+'"):
        run(replace(settings, protocol=replace(first, seed=3)))


def test_a_protocol_that_only_measures_is_no_benchmark(bench, pictures):
    with pytest.raises(UsageError, match="only measures"):
        bench(pictures("data", a=(8, 8)), protocol="rgb")


def test_threads_beside_a_gpu_change_nothing_but_the_time(bench, pictures, monkeypatch):
    folder = pictures("data", **{f"i{n}": (12 + n % 3, 20) for n in range(12)})
    (folder / "i5.png").write_bytes(b"no image")
    alone = bench(folder, "dice")
    monkeypatch.setattr(runner, "executor", lambda _: (ThreadPoolExecutor(4), 8))
    listener = Listener()
    assert results.stable(bench(folder, "dice", output="other", observer=listener)) == results.stable(alone)
    assert sorted(listener.rows) == ["dice"] * 12 + ["plain"] * 12


@pytest.mark.parametrize("kind", ["dice", "target"])
@pytest.mark.parametrize("threads", [0, 4])
def test_a_disk_that_refuses_ends_the_run(bench, pictures, tmp_path, monkeypatch, threads, kind):
    """It would refuse every image; a result without them would look whole."""
    folder = pictures("data", **SIZES)
    if threads:
        monkeypatch.setattr(runner, "executor", lambda _: (ThreadPoolExecutor(threads), 8))
    (tmp_path / "out/images/data").mkdir(parents=True)
    (tmp_path / "out/images/data" / kind).write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        bench(folder, "dice")
    assert not (tmp_path / "out/results.json").exists()
    (tmp_path / "out/images/data" / kind).unlink()
    assert {row["status"] for row in bench(folder, "dice")["scores"]} == {"ok"}


def test_what_other_runs_are_writing_below_a_run_is_left_alone(bench, pictures, tmp_path):
    folder = pictures("data", a=(8, 8))
    bench(folder)
    other = tmp_path / "out/other/images/data/plain/.restore-1-ab.tmp"
    other.parent.mkdir(parents=True)
    own = [tmp_path / "out" / place / ".restore-1-ab.tmp" for place in ("", "images/data/plain", "images/data/target")]
    for path in (other, *own):
        path.write_text("half a file")
    bench(folder)
    assert other.exists()
    assert not any(path.exists() for path in own)


def test_the_time_of_files_is_that_of_all_pictures(bench, pictures, monkeypatch):
    real = kept._save

    def slow(image, path):
        time.sleep(0.05)
        real(image, path)

    monkeypatch.setattr(kept, "_save", slow)
    monkeypatch.setattr(kept, "digest", lambda path: time.sleep(0.05) or "0" * 64)
    first, second = (row["io_seconds"] for row in bench(pictures("data", a=(8, 8)), "dice")["timing"])
    assert first > 6 * 0.05  # result, original and input: written and hashed
    assert second > 4 * 0.05  # the others are there, and hashed


def test_results_of_another_origin_are_not_replaced(bench, pictures, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/results.json").write_text("{}")
    with pytest.raises(UsageError, match="without the ledger"):
        bench(pictures("data", a=(8, 8)))
    assert (tmp_path / "out/results.json").read_text() == "{}"


@pytest.mark.gpu
def test_on_a_gpu_the_scores_are_those_of_the_cpu(bench, pictures):
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    folder = pictures("data", **{f"i{n}": (30 + n % 3, 40) for n in range(12)})
    alone = bench(folder, "bicubic")
    found = bench(folder, "bicubic", output="gpu", device="cuda")
    assert found["environment"]["device_name"] == torch.cuda.get_device_name()
    assert all(row["peak_device_bytes"] > 0 for row in found["timing"])
    for ours, theirs in zip(found["scores"], alone["scores"], strict=True):
        assert ours["metrics"]["levels"] == pytest.approx(theirs["metrics"]["levels"], abs=0.01)
    assert results.stable(bench(folder, "bicubic", output="again", device="cuda")) == results.stable(found)


def files_of(run):
    """Return the images of a run by their place, as bytes."""
    return {path.relative_to(run): path.read_bytes() for path in run.rglob("*.png")}


def ending_after(calls, real):
    """Return a function that works so many times, and then ends the run."""
    left = iter(range(calls))

    def function(*arguments):
        if next(left, None) is None:
            raise KilledError
        return real(*arguments)

    return function


def test_a_device_that_tells_late_costs_the_row_of_the_image(bench, pictures, monkeypatch):
    folder = pictures("data", **SIZES)
    real, calls = Pending.result, iter(range(99))

    def late(pending):
        if next(calls) == 1:
            raise RuntimeError("an illegal memory access was encountered")
        return real(pending)

    with monkeypatch.context() as patch:
        patch.setattr(Pending, "result", late)
        found = bench(folder)
    assert [row["status"] for row in found["scores"]] == ["ok", "failed", "ok"]
    assert "illegal memory access" in found["scores"][1]["error"]
    assert results.stable(bench(folder)) == results.stable(bench(folder, output="other"))


class KilledError(BaseException):
    """Ends a run as a kill would: nothing catches it."""


@pytest.mark.parametrize(("place", "steps"), [("restore.benchmark.kept._save", 8), ("os.fsync", 6)])
def test_ended_at_any_step_and_run_again_it_gives_the_same(bench, pictures, tmp_path, monkeypatch, place, steps):
    """At each of the images that it writes, and of the lines of its ledger, the first one included."""
    folder = pictures("data", a=(17, 20), b=(24, 22))
    whole = bench(folder, "dice", output="whole")
    real = pkgutil.resolve_name(place)
    for step in range(steps):
        with monkeypatch.context() as patch:
            patch.setattr(place, ending_after(step, real))
            with pytest.raises(KilledError):
                bench(folder, "dice", output=f"{place}{step}")
        again = bench(folder, "dice", output=f"{place}{step}")
        assert json.dumps(results.stable(again)) == json.dumps(results.stable(whole))
        assert files_of(tmp_path / f"{place}{step}") == files_of(tmp_path / "whole")


def test_killed_and_run_again_it_gives_the_same(bench, pictures, tmp_path):
    """SIGKILL to a real process; half of the last line that it wrote is then lost, as by a full disk."""
    folder = pictures("data", **{f"i{n}": (12 + n % 2, 20) for n in range(6)})
    whole = bench(folder, "slow", output="whole")
    output = tmp_path / "killed"
    script = (
        "from pathlib import Path; from restore.benchmark import find_protocol; "
        "from restore.benchmark.runner import Settings, run; "
        f"run(Settings(protocol=find_protocol('lab'), models=('slow',), data=Path({str(folder)!r}), "
        f"output=Path({str(output)!r}), device='cpu'))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "OMP_NUM_THREADS": str(
        whole["environment"]["threads"])}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    ledger = output / "ledger.jsonl"
    deadline = time.monotonic() + 60
    while not ledger.exists() or ledger.read_bytes().count(b"\n") < 10:  # of 13 lines
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (output / "results.json").exists()
    (output / "images/data/slow/.restore-1-ab.tmp").write_bytes(b"half a file")
    ledger.write_bytes(ledger.read_bytes()[:-20])
    again = bench(folder, "slow", output="killed")
    assert json.dumps(results.stable(again)) == json.dumps(results.stable(whole))
    assert files_of(output) == files_of(tmp_path / "whole")
    assert not list(output.rglob(".*.tmp"))
