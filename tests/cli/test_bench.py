"""``restore bench``."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restore.benchmark import find_protocol
from restore.benchmark.runner import Bench
from restore.cli import cli
from restore.cli.bench import reasons, rows


def call(*arguments, **environment):
    environment = {"COLUMNS": "100", "RESTORE_DATA": None, **environment}
    return CliRunner(env=environment).invoke(cli, ["bench", *map(str, arguments)])


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("ant", "bee")):
        y, x = np.mgrid[:40, :48]
        pixels = np.stack([4 * x, 5 * y, 2 * (x + y) + 30 * number], -1) % 256
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{name}.png")
    return folder


def test_json_has_an_object_a_line_for_each_model_and_data_set(photos, tmp_path):
    result = call("sr-x2", "-m", "nearest", "--data", photos, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["model"], row["dataset"], row["n"], row["failed"]) for row in found] == [
        ("bicubic", "photos", 2, 0), ("nearest", "photos", 2, 0),
    ]  # fmt: skip
    for row in found:
        assert row["schema"] == 1
        assert {"psnr", "ssim", "lpips", "seconds_iqr", "images_per_second", "peak_host_bytes"} <= row.keys()
        assert row["seconds_per_image"] > 0


def test_a_table_for_people(photos, tmp_path):
    result = call("sr-x2", "--data", photos, "-o", tmp_path / "out", "--limit", 1)
    assert result.exit_code == 0, result.output
    head, line = result.stdout.splitlines()
    assert head.split()[:6] == ["model", "data", "set", "PSNR", "(dB)", "SSIM"]
    assert line.split()[:2] == ["bicubic", "photos"]
    assert line.split()[-2] == "1"
    assert "sr-x2 [" in result.stderr
    assert str(tmp_path / "out" / "report.html") in result.stderr
    assert (tmp_path / "out" / "report.html").exists()


def test_data_sets_of_the_protocol_that_are_not_there_are_named(photos, tmp_path):
    own = call("sr-x2", "--data", photos, "-o", tmp_path / "own", "--limit", 1)
    assert "not measured" not in own.stderr  # a folder of one's own is not meant to be them
    photos.rename(tmp_path / "Set14")
    result = call("sr-x2", "--data", tmp_path, "-o", tmp_path / "out", "--limit", 1)
    assert result.exit_code == 0, result.output
    assert "not measured, for there is no such folder: set5, bsd100" in result.stderr
    assert "not measured" not in result.stdout


def test_numbers_have_the_digits_of_the_literature_and_what_is_missing_says_why():
    metrics = {"psnr": 28.43149, "ssim": 0.81132, "lpips": None, "psnr-hole": "inf"}
    row = {
        "model": "m", "dataset": "d", "n": 4, "failed": 1, "metrics": metrics, "seconds_median": 0.01234,
        "reasons": {"lpips": "no weights"},
    }  # fmt: skip
    told = {"psnr": {"label": "PSNR", "unit": "dB", "digits": 2}, "ssim": {"label": "SSIM"}}
    found = {"summary": [row], "metrics": told}
    assert rows(found)[0] == ["model", "data set", "PSNR (dB)", "SSIM", "lpips", "PSNR hole (dB)", "images", "seconds"]
    assert rows(found)[1] == ["m", "d", "28.43", "0.8113", "n/a", "inf", "4 (1 failed)", "0.0123"]
    assert reasons(found) == {"lpips": "no weights"}


def test_a_failure_is_told_and_decides_the_exit_code(photos, tmp_path):
    (photos / "cat.png").write_bytes(b"no image")
    result = call("sr-x2", "--data", photos, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "failed: bicubic, photos/cat: " in result.stderr
    assert "2 (1 failed)" in result.stdout
    assert "bicubic failed on 1 image of photos; its means are over the other 2 and cannot be compared" in result.stderr


def test_weights_that_are_bad_are_told_before_anything_runs(photos, tmp_path):
    file = tmp_path / "bad.safetensors"
    file.write_bytes(b"no weights")
    result = call("sr-x4", "-m", f"srresnet@{file}", "--data", photos, "-o", tmp_path / "out")
    assert result.exit_code == 4
    assert result.stderr.startswith(f"error: {file} ")
    assert not (tmp_path / "out").exists()


def test_a_second_run_says_what_is_there(photos, tmp_path):
    call("sr-x2", "--data", photos, "-o", tmp_path / "out", "--limit", 1)
    result = call("sr-x2", "--data", photos, "-o", tmp_path / "out")
    assert "1 of 2 results are there already" in result.stderr


def test_the_data_folder_of_the_environment(photos, tmp_path):
    """The recorded command needs it no more."""
    result = call("sr-x2", "-o", tmp_path / "out", "--limit", 1, RESTORE_DATA=str(photos))
    assert result.exit_code == 0, result.output
    command = json.loads((tmp_path / "out/results.json").read_text())["command"]
    assert command[command.index("--data") + 1] == str(photos)
    assert call(*command[2:]).exit_code == 0


def test_folders_are_recorded_as_they_were_given(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos.rename("data")
    for given in ((), ("--data", "data")):
        assert call("sr-x2", "-o", "out", "--limit", 1, *given).exit_code == 0
        text = (tmp_path / "out/results.json").read_text()
        assert json.loads(text)["command"][2:] == ["sr-x2", "--data", "data", "-o", "out", "--limit", "1"]
        assert str(tmp_path) not in text


def test_the_command_is_recorded_as_it_can_be_given_again(photos, tmp_path):
    arguments = ["sr-x2", "-m", "nearest", "-m", "lanczos", "--data", str(photos), "-o", str(tmp_path / "a"),
                 "--limit", "1", "--json"]  # fmt: skip
    assert call(*arguments).exit_code == 0
    command = json.loads((tmp_path / "a/results.json").read_text())["command"]
    assert command[:2] == ["restore", "bench"]
    assert call(*command[2:]).exit_code == 0
    assert json.loads((tmp_path / "a/results.json").read_text())["command"] == command


def test_another_seed_is_another_protocol(photos, tmp_path):
    result = call(
        "inpaint-random80", "-m", "telea", "--data", photos, "-o", tmp_path / "out", "--limit", 1, "--seed", 5
    )
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "out/results.json").read_text())["protocol"]
    assert found["fields"]["seed"] == 5
    assert found["hash"] != find_protocol("inpaint-random80").hash


def test_slips_are_told_before_anything_is_written(photos, tmp_path):
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    for code, words, arguments in (
        (3, "did you mean sr-x4", ("sr-x4x", "--data", photos)),
        (3, "did you mean bicubic", ("sr-x2", "-m", "bicubik", "--data", photos)),
        (2, "--data DIR", ("sr-x2", "--data", tmp_path / "nowhere")),
        (2, "is a file, not a folder", ("sr-x2", "--data", photos / "ant.png")),
        (2, "holds no images", ("sr-x2", "--data", empty)),
        (2, "restore metric", ("rgb", "-m", "bicubic", "--data", photos)),
        (2, "no option", ("sr-x2", "-m", "nearest:size=3", "--data", photos)),
        (5, "--device", ("sr-x2", "--data", photos, "--device", "cuda:77")),
    ):
        result = call(*arguments, "-o", out)
        assert result.exit_code == code, result.output
        assert words in result.stderr
        assert "Traceback" not in result.output
    assert not out.exists()
    result = call("sr-x2", "--data", photos, "-o", photos / "ant.png")
    assert (result.exit_code, "ant.png is a file, and a run needs a folder" in result.stderr) == (2, True)


def test_an_interruption_says_how_to_go_on(photos, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Bench, "_keep", interrupt)
    result = call("sr-x2", "--data", photos, "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert "run the same command again to continue" in result.stderr


def test_the_bar_is_for_terminals_only(photos, tmp_path):
    plain = call("sr-x2", "--data", photos, "-o", tmp_path / "plain")
    assert "\x1b" not in plain.output
    shown = on_a_terminal("bench", "sr-x2", "--data", str(photos), "-o", str(tmp_path / "shown"))
    assert re.search(r"[01]/2", shown)
    assert re.search(r"\d:\d\d:\d\d", shown)  # the time that is left, unknown at first


def on_a_terminal(*arguments):
    """Run the command line with a terminal for its standard error; return what was written there."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-c", "from restore.cli import main; main()", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave, env=environment) as process:
        os.close(slave)
        text = b""
        while True:
            try:
                text += os.read(master, 4096)
            except OSError:  # the other end is closed
                break
        assert process.wait(60) == 0
    os.close(master)
    return text.decode(errors="replace")
