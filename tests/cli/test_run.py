"""``restore run``, driven with models that learn nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import restore
from restore.cli import cli
from restore.composition import observe
from restore.errors import DeviceError, InputError
from restore.registry import registry
from restore.runtime import Restorer

MODEL = "bicubic:scale=2"


def call(*arguments):
    return CliRunner().invoke(cli, ["run", *map(str, arguments)])


def pixels(path):
    return np.asarray(Image.open(path))


def tree(folder):
    return {p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file()}


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.png", "deep/Größe 1.png"):
        Image.fromarray(chance.integers(0, 256, (12, 16, 3), dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def corrupt(photos):
    path = photos / "0-corrupt.png"
    path.write_bytes((photos / "a.png").read_bytes()[:200])
    return path


class TestFiles:
    def test_a_file_equals_what_python_gives(self, photos):
        result = call(MODEL, "photos/a.png", "-o", "out.png")
        assert result.exit_code == 0, result.output
        assert result.stdout == ""
        assert "photos/a.png -> out.png" in result.stderr
        assert "32 x 24" in result.stderr
        assert np.array_equal(pixels("out.png"), restore.load("bicubic", scale=2)(pixels("photos/a.png")))

    def test_options_of_the_model_in_both_places(self, photos):
        call("bicubic", "photos/a.png", "-o", "set.png", "--set", "scale=3")
        call("bicubic:scale=2", "photos/a.png", "-o", "both.png", "--set", "scale=3")
        assert pixels("set.png").shape == pixels("both.png").shape == (36, 48, 3)

    def test_a_folder_keeps_its_tree(self, photos):
        result = call(MODEL, "photos", "-o", "large", "--recursive")
        assert result.exit_code == 0, result.output
        assert tree("large") == {"a.png", "b.png", "deep/Größe 1.png"}
        assert "3 restored" in result.stderr

    def test_patterns_suffix_and_format(self, photos):
        result = call(MODEL, "photos/*.png", "-o", "large", "--suffix", "-x2", "--format", "tif")
        assert result.exit_code == 0, result.output
        assert tree("large") == {"a-x2.tif", "b-x2.tif"}

    def test_results_beside_the_inputs_do_not_become_inputs(self, photos):
        for _ in range(2):
            result = call(MODEL, "photos", "-o", "photos", "--suffix", "-x2")
            assert result.exit_code == 0, result.output
        assert tree("photos") == {"a.png", "a-x2.png", "b.png", "b-x2.png", "deep/Größe 1.png"}
        assert "0 restored, 2 already there" in result.stderr

    def test_odd_names(self, photos):
        names = ["-dash.png", "percent%20.png", "[x].png", "quote'\"[bold]a.png", "new\nline.png"]
        for name in names:
            (photos / name).write_bytes((photos / "a.png").read_bytes())
        result = call(MODEL, "photos", "-o", "large")
        assert result.exit_code == 0, result.output
        assert set(names) <= tree("large")
        assert "[bold]a" in result.stderr


class TestOverwriting:
    def test_an_existing_file_is_refused_before_any_work(self, photos):
        Path("out.png").write_bytes(b"mine")
        result = call(MODEL, "photos/a.png", "-o", "out.png")
        assert result.exit_code == 2
        assert "out.png exists already" in result.stderr
        assert "--overwrite" in result.stderr
        assert Path("out.png").read_bytes() == b"mine"

    def test_overwrite(self, photos):
        Path("out.png").write_bytes(b"mine")
        assert call(MODEL, "photos/a.png", "-o", "out.png", "--overwrite").exit_code == 0
        assert pixels("out.png").shape == (24, 32, 3)

    def test_an_input_is_replaced_only_when_told_to(self, photos):
        before = (photos / "a.png").read_bytes()
        result = call(MODEL, "photos", "-o", "photos")
        assert result.exit_code == 2
        assert "would replace the input" in result.stderr
        assert (photos / "a.png").read_bytes() == before
        assert call(MODEL, "photos", "-o", "photos", "--overwrite").exit_code == 0
        assert pixels("photos/a.png").shape == (24, 32, 3)

    def test_a_failure_leaves_what_was_there(self, photos, corrupt):
        Path("out.png").write_bytes(b"mine")
        result = call(MODEL, corrupt, "-o", "out.png", "--overwrite")
        assert result.exit_code == 1
        assert Path("out.png").read_bytes() == b"mine"

    def test_colliding_results_are_told_before_any_work(self, photos):
        call(MODEL, "photos/a.png", "-o", "out/")
        result = call(MODEL, "photos", "out/a.png", "-o", "new")
        assert result.exit_code == 2
        assert "would both become new/a.png" in result.stderr.replace("\\", "/")
        assert not Path("new").exists()


class TestBatches:
    def test_a_bad_file_is_told_and_passed_over(self, photos, corrupt):
        (photos / "empty.png").touch()
        (photos / "text.jpg").write_text("no image")
        result = call(MODEL, "photos", "gone.png", "-o", "large")
        assert result.exit_code == 1
        failures = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
        assert len(failures) == 4
        for name in ("0-corrupt.png", "empty.png", "text.jpg", "gone.png"):
            assert sum(name in line for line in failures) == 1
        assert result.stderr.splitlines()[-1] == "2 restored, 4 failed"
        assert tree("large") == {"a.png", "b.png"}
        assert "Traceback" not in result.output

    def test_run_again_it_continues(self, photos, corrupt):
        call(MODEL, "photos/a.png", "-o", "large/")
        before = Path("large/a.png").stat().st_mtime_ns
        result = call(MODEL, "photos", "-o", "large")
        assert result.exit_code == 1
        assert "1 restored, 1 failed, 1 already there (--overwrite makes them again)" in result.stderr
        assert Path("large/a.png").stat().st_mtime_ns == before

    def test_a_model_that_breaks_on_one_image_does_not_stop_the_batch(self, photos, monkeypatch):
        whole = Restorer.restore

        def breaks(self, image, **options):
            if "a.png" in image.name:
                raise ZeroDivisionError("in the plugin")
            return whole(self, image, **options)

        monkeypatch.setattr(Restorer, "restore", breaks)
        result = call(MODEL, "photos", "-o", "large")
        assert result.exit_code == 1
        assert "failed: bicubic failed on photos/a.png: ZeroDivisionError: in the plugin" in result.stderr
        assert tree("large") == {"b.png"}

    def test_the_only_image_decides_the_exit_code(self, photos, monkeypatch):
        def starves(self, image, **options):
            raise DeviceError("out of memory", "buy some")

        monkeypatch.setattr(Restorer, "restore", starves)
        assert call(MODEL, "photos/a.png", "-o", "out.png").exit_code == 5
        assert call(MODEL, "photos", "-o", "large").exit_code == 1

    def test_too_many_pixels(self, photos):
        Image.new("RGB", (40, 40)).save(photos / "c.png")
        result = call(MODEL, "photos", "-o", "large", "--max-pixels", 1000)
        assert result.exit_code == 1
        assert "2 restored, 1 failed" in result.stderr
        assert "--max-pixels 1600" in result.stderr

    def test_formats_that_cannot_hold_the_result_are_told_before_the_work(self, photos, monkeypatch):
        Image.fromarray(np.zeros((12, 16), np.uint16)).save(photos / "deep.png")
        monkeypatch.setattr(Restorer, "restore", lambda *_, **__: pytest.fail("worked in vain"))
        result = call(MODEL, "photos/deep.png", "-o", "out.jpg")
        assert result.exit_code == 1
        assert "16-bit" in result.stderr


class TestJson:
    def test_it_names_the_weights_of_a_prior_and_the_seed(self, tmp_path):
        Image.new("L", (28, 28)).save(tmp_path / "digit.png")
        words = ("prior=dcgan-mnist", "steps=1", "restarts=1", "seed=7")
        given = [part for word in words for part in ("--set", word)]
        result = call("inversion", tmp_path / "digit.png", "-o", tmp_path / "found.png", *given, "--json")
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        [part] = found["parts"]
        assert (part["kind"], part["name"], found["seed"]) == ("prior", "dcgan-mnist", 7)
        shipped = registry().find("prior", "dcgan-mnist").weights[0]
        assert part["weights"] == {"name": f"dcgan-mnist.{shipped.tag}", "sha256": shipped.sha256}

    def test_results(self, photos, corrupt):
        call(MODEL, "photos/a.png", "-o", "large/")
        result = call(MODEL, "photos", "-o", "large", "--json")
        assert result.exit_code == 1
        found = json.loads(result.stdout)
        assert (found["schema"], found["command"], found["model"]) == (1, "run", MODEL)
        assert found["options"] == {"scale": "2"}
        assert (found["parts"], found["seed"]) == ([], None)
        assert found["summary"] == {"restored": 1, "failed": 1, "skipped": 1}
        by_status = {record["status"]: record for record in found["results"]}
        assert by_status["failed"]["error"]["type"] == "InputError"
        assert by_status["failed"]["output"] is None
        assert by_status["skipped"]["output"] == "large/a.png"
        restored = by_status["restored"]
        assert (restored["input"], restored["output"]) == ("photos/b.png", "large/b.png")
        assert restored["error"] is None
        assert restored["report"]["tiles"] >= 1
        assert restored["report"]["precision"] == found["precision"]

    def test_failure_of_the_only_image(self, photos, corrupt):
        result = call(MODEL, corrupt, "-o", "out.png", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["results"][0]["status"] == "failed"
        assert "error: " in result.stderr


class TestMasks:
    @pytest.fixture
    def holes(self, photos):
        for name in ("a", "b"):
            mask = np.zeros((12, 16), np.uint8)
            mask[3:6, 4:8] = 255
            Image.fromarray(mask).save(photos / f"{name}.mask.png")
        return photos

    @pytest.mark.parametrize("mask", ["photos/a.mask.png", "photos"])
    def test_only_what_is_missing_changes(self, holes, mask):
        result = call("telea", "photos/a.png", "-o", "out.png", "--mask", mask)
        assert result.exit_code == 0, result.output
        assert "6.2% missing" in result.stderr
        before, after = pixels("photos/a.png"), pixels("out.png")
        changed = (before != after).any(axis=2)
        assert changed.any()
        assert not changed[pixels("photos/a.mask.png") == 0].any()

    def test_folder_paired_by_name(self, holes):
        (holes / "b.mask.png").unlink()
        result = call("telea", "photos", "-o", "filled", "--mask", "photos")
        assert result.exit_code == 1
        assert "no mask for photos/b.png" in result.stderr
        assert tree("filled") == {"a.png"}

    def test_alpha_as_mask(self, photos):
        image = Image.open("photos/a.png").convert("RGBA")
        image.putpixel((5, 5), (0, 0, 0, 0))
        image.save("alpha.png")
        result = call("telea", "alpha.png", "-o", "out.png", "--mask", "alpha")
        assert result.exit_code == 0, result.output
        assert "0.5% missing" in result.stderr

    def test_a_degradation_as_mask(self, photos):
        result = call("telea", "photos/a.png", "-o", "out.png", "--mask", "mask-random:share=0.25", "--seed", "3")
        assert result.exit_code == 0, result.output
        assert "25.0% missing" in result.stderr
        expected = observe("photos/a.png", "mask-random:share=0.25", seed=3).mask.pixels[0, ..., 0] > 0
        changed = (pixels("photos/a.png") != pixels("out.png")).any(axis=2)
        assert changed.any()
        assert not changed[~expected].any()

    def test_a_degradation_that_leaves_all_pixels_is_no_mask(self, photos):
        result = call("telea", "photos/a.png", "-o", "out.png", "--mask", "jpeg:quality=50")
        assert result.exit_code == 2
        assert "jpeg:quality=50 takes no pixels away" in result.stderr

    def test_mask_that_is_absent(self, photos):
        result = call("telea", "photos/a.png", "-o", "out.png", "--mask", "gone.png")
        assert result.exit_code == 1
        assert "the mask gone.png does not exist" in result.stderr

    def test_mask_of_another_size(self, holes):
        Image.new("L", (5, 5)).save("small.png")
        result = call("telea", "photos/a.png", "-o", "out.png", "--mask", "small.png")
        assert result.exit_code == 1
        assert "5 x 5" in result.stderr


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (("bicubik", "photos/a.png", "-o", "x.png"), 3, "did you mean bicubic"),
            (("bicubic:scale=two", "photos/a.png", "-o", "x.png"), 2, "whole number"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--set", "scal=2"), 2, "did you mean 'scale'"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--set", "scale"), 2, "key=value"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--set", "device=cpu"), 2, "write --device cpu"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--tile", "big"), 2, "--tile"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--precision", "float8"), 2, "float8"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--device", "cuda:99"), 5, "cuda:99"),
            (("bicubic", "photos/a.png", "-o", "x.png", "--weights", "gone.safetensors"), 4, "gone"),
            (("bicubic:weights=gone.safetensors", "photos/a.png", "-o", "x.png"), 4, "gone"),
            (("bicubic:weights=a", "photos/a.png", "-o", "x.png", "--weights", "b"), 2, "two weights files"),
            (("bicubic", "gone.png", "-o", "x.png"), 1, "does not exist"),
            (("bicubic", "photos", "-o", "x.png"), 2, "name a folder"),
            (("bicubic", "photos/a.png", "-o", "x.xyz"), 2, "cannot be written as .xyz"),
            (("bicubic", "photos/*.webp", "-o", "x"), 1, "no image matches"),
            (("bicubic", "photos/a.png", "-o", ""), 2, "is no file to write to"),
            (("bicubic", "photos/a.png", "-o", "-"), 2, "is no file to write to"),
            (("bicubic", "photos", "-o", "x", "--suffix", "../y"), 2, "holds a slash"),
            (("bicubic", "photos/a.png"), 2, "--output"),
            (("bicubic", "-o", "x.png"), 2, "INPUT"),
        ],
    )
    def test_each_has_its_code_and_leaves_nothing(self, photos, arguments, code, message):
        result = call(*arguments)
        assert result.exit_code == code, result.output
        assert message in result.stderr
        assert "Traceback" not in result.output
        assert tree(".") == {"photos/a.png", "photos/b.png", "photos/deep/Größe 1.png"}

    @pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="root may write everywhere")
    def test_folder_that_may_not_be_written(self, photos):
        Path("locked").mkdir(mode=0o500)
        result = call(MODEL, "photos/a.png", "-o", "locked/")
        assert result.exit_code == 1
        assert "cannot be written" in result.stderr

    def test_a_file_where_a_folder_should_be(self, photos):
        Path("taken").touch()
        result = call(MODEL, "photos/a.png", "-o", "taken/")
        assert result.exit_code == 1
        assert "cannot be written" in result.stderr


class TestBeforeTheModelIsLoaded:
    """Loading may take long, and fail for a reason of its own."""

    @pytest.fixture(autouse=True)
    def unloadable(self, photos, monkeypatch):
        def assemble(*_args, **_options):
            raise AssertionError("loaded")

        monkeypatch.setattr("restore.runtime.loading.assemble", assemble)
        Image.new("L", (5, 5)).save("small.png")
        (photos / "0-corrupt.png").write_bytes(b"no image")

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (
                ("srresnet", "photos/a.png", "-o", "x.png", "--set", "ensemble=maybe"),
                2,
                "ensemble must be true or false",
            ),
            (("srgan", "photos/a.png", "-o", "x.png", "--set", "fidelity=2"), 2, "fidelity"),
            (("telea", "photos/a.png", "-o", "x.png"), 2, "no mask says where photos/a.png has any"),
            (("telea", "photos/a.png", "-o", "x.png", "--mask", "small.png"), 1, "the mask small.png is 5 x 5"),
            (("telea", "photos/a.png", "-o", "x.png", "--mask", "alpha"), 1, "has no alpha"),
            (("srresnet", "photos/0-corrupt.png", "-o", "x.png"), 1, "0-corrupt.png"),
            (("srresnet", "photos/a.png", "-o", "small.png"), 2, "exists already"),
        ],
    )
    def test_a_mistake_is_told(self, arguments, code, message):
        result = call(*arguments)
        assert (result.exit_code, result.stdout) == (code, "")
        assert message in result.stderr

    def test_nothing_is_wrong(self):
        assert "AssertionError: loaded" in call("srresnet", "photos/a.png", "-o", "x.png").stderr


class TestInterruption:
    def test_progress_is_told_and_nothing_half_is_left(self, photos, monkeypatch):
        whole = Restorer.restore

        def interrupted(self, image, **options):
            if "b.png" in image.name:
                raise KeyboardInterrupt
            return whole(self, image, **options)

        monkeypatch.setattr(Restorer, "restore", interrupted)
        result = call(MODEL, "photos", "-o", "large")
        assert result.exit_code == 130
        assert "1 of 2 restored; run the same command again to continue" in result.stderr
        assert tree("large") == {"a.png"}

    def test_of_one_image_there_is_nothing_to_tell(self, photos, monkeypatch):
        def interrupted(self, image, **options):
            raise KeyboardInterrupt

        monkeypatch.setattr(Restorer, "restore", interrupted)
        result = call(MODEL, "photos/a.png", "-o", "large.png")
        assert (result.exit_code, result.stderr.strip()) == (130, "interrupted")
        assert not Path("large.png").exists()

    def test_an_interrupt_while_writing(self, photos, monkeypatch):
        def interrupted(self, target):
            raise KeyboardInterrupt

        monkeypatch.setattr(Path, "hardlink_to", interrupted)
        assert call(MODEL, "photos", "-o", "large").exit_code == 130
        assert tree("large") == set()

    @pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
    def test_ctrl_c(self, tmp_path):
        """A real signal in the middle of a batch: exit code 130, and whole files only."""
        (tmp_path / "in").mkdir()
        for number in range(200):
            Image.new("RGB", (64, 64), (number, 0, 0)).save(tmp_path / "in" / f"{number:03}.png")
        command = [sys.executable, "-c", "from restore.cli import main; main()"]
        command += ["run", "bicubic:scale=8", "in", "-o", "out"]
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("out/*.png"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert "of 200 restored; run the same command again" in stderr
        made = list((tmp_path / "out").iterdir())
        assert 3 <= len(made) < 200
        assert all(pixels(path).shape == (512, 512, 3) for path in made)


def test_errors_from_the_model_carry_their_cure(photos, monkeypatch):
    def refuses(self, image, **options):
        raise InputError(f"{image.name} is too plain", "add detail")

    monkeypatch.setattr(Restorer, "restore", refuses)
    result = call(MODEL, "photos", "-o", "large")
    assert "failed: photos/a.png is too plain; add detail" in result.stderr
