"""``restore degrade``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import restore
from restore.cli import cli


def call(*arguments):
    return CliRunner().invoke(cli, ["degrade", *map(str, arguments)])


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.jpg", "deep/ä ö.png"):
        Image.fromarray(chance.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(folder / name)
    return folder


def pixels(path):
    return np.asarray(Image.open(path))


def test_a_file_equals_what_python_gives(photos, tmp_path):
    spec = "gaussian-noise:sigma=0.1"
    result = call(spec, photos / "a.png", "-o", tmp_path / "out.png", "--seed", 3)
    assert result.exit_code == 0, result.output
    expected = restore.degrade(pixels(photos / "a.png"), spec, seed=3)
    assert np.array_equal(pixels(tmp_path / "out.png"), expected)


def test_a_folder_keeps_its_tree_and_becomes_lossless(photos, tmp_path):
    result = call("bicubic:scale=4", photos, "-o", "small", "--recursive")
    assert result.exit_code == 0, result.output
    small = tmp_path / "small"
    names = {p.relative_to(small).as_posix() for p in small.rglob("*") if p.is_file()}
    assert names == {"a.png", "b.png", "deep/ä ö.png"}
    assert pixels(tmp_path / "small/b.png").shape == (6, 8, 3)
    assert "3 degraded" in result.stderr


def test_the_harm_of_an_image_depends_on_seed_and_name_alone(photos, tmp_path):
    spec = "gaussian-noise:sigma=0.1"
    call(spec, photos, "-o", "all", "--recursive", "--seed", 5)
    call(spec, photos / "b.jpg", "-o", "one/", "--seed", 5)
    call(spec, photos / "b.jpg", "-o", "other/", "--seed", 6)
    assert np.array_equal(pixels("all/b.png"), pixels("one/b.png"))
    assert not np.array_equal(pixels("all/b.png"), pixels("other/b.png"))


def test_images_of_a_folder_get_different_harm(photos, tmp_path):
    for name in ("a.png", "c.png"):
        Image.fromarray(np.full((24, 32, 3), 128, np.uint8)).save(photos / name)
    call("gaussian-noise:sigma=0.1", photos, "-o", "out")
    assert not np.array_equal(pixels("out/a.png"), pixels("out/c.png"))


def test_json_tells_the_seed_that_python_needs(photos):
    spec = "gaussian-noise:sigma=0.1"
    found = json.loads(call(spec, photos, "-o", "out", "--json").stdout)
    assert (found["schema"], found["command"], found["spec"]) == (1, "degrade", spec)
    assert found["summary"] == {"degraded": 2, "failed": 0, "skipped": 0}
    for record in found["results"]:
        again = restore.degrade(pixels(record["input"]), spec, seed=record["seed"])
        assert np.array_equal(pixels(record["output"]), again)
        assert record["params"]


def test_masks_lie_beside_the_images_and_tell_what_is_missing(photos):
    result = call("mask-random:share=0.5", photos / "a.png", "-o", "out/")
    assert result.exit_code == 0, result.output
    mask = pixels("out/a.mask.png")
    assert mask.shape == (24, 32)
    assert set(np.unique(mask)) == {0, 255}
    assert f"{(mask == 255).mean():.1%} missing" in result.stderr
    known = mask == 0
    assert np.array_equal(pixels("out/a.png")[known], pixels(photos / "a.png")[known])


def test_sidecar(photos):
    call("mask-center", photos / "a.png", "-o", "out.png", "--sidecar", "--seed", 9)
    record = json.loads(Path("out.png.json").read_text())
    assert (record["schema"], record["spec"], record["seed"]) == (1, "mask-center", 9)
    assert record["mask"] == "out.mask.png"
    assert "params" in record


def test_resume_makes_what_is_absent_and_leaves_the_rest(photos, tmp_path):
    call("mask-center", photos, "-o", "out")
    before = (tmp_path / "out/a.png").stat().st_mtime_ns
    (tmp_path / "out/b.png").unlink()  # as if interrupted between the mask and the image
    result = call("mask-center", photos, "-o", "out")
    assert result.exit_code == 0, result.output
    assert "1 degraded, 1 already there" in result.stderr
    assert (tmp_path / "out/b.png").exists()
    assert (tmp_path / "out/a.png").stat().st_mtime_ns == before


def test_a_file_in_the_place_of_the_mask_is_not_replaced(photos, tmp_path):
    (tmp_path / "out.mask.png").write_bytes(b"mine")
    result = call("mask-center", photos / "a.png", "-o", "out.png")
    assert result.exit_code == 2  # as of a result that is there
    assert "out.mask.png exists already" in result.stderr
    assert (tmp_path / "out.mask.png").read_bytes() == b"mine"
    assert not (tmp_path / "out.png").exists()


def test_a_mask_that_an_interrupted_run_left_is_taken_for_its_own(photos, tmp_path):
    call("mask-center", photos / "a.png", "-o", "out.png")
    (tmp_path / "out.png").unlink()
    assert call("mask-center", photos / "a.png", "-o", "out.png").exit_code == 0
    assert (tmp_path / "out.png").exists()


@pytest.fixture
def twins(tmp_path, monkeypatch):
    """Two photographs whose names differ in the suffix alone, and so two results and one name for a mask."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, level in (("a.png", 100), ("a.tif", 200)):
        Image.fromarray(np.full((24, 32, 3), level, np.uint8)).save(tmp_path / "photos" / name)


@pytest.mark.parametrize("spec", ["mask-random:share=0.5", "gaussian-noise:sigma=0.1|mask-random:share=0.5"])
@pytest.mark.parametrize("more", [(), ("--overwrite",), ("--suffix", "-x")])
def test_two_results_with_one_mask_are_refused_before_anything_is_done(twins, tmp_path, spec, more):
    result = call(spec, "photos", "-o", "out", *more)
    assert result.exit_code == 2, result.output
    suffix = "-x" if more[:1] == ("--suffix",) else ""
    assert f"photos/a.png and photos/a.tif would both write out/a{suffix}.mask.png" in result.stderr
    assert not (tmp_path / "out").exists()


def test_results_that_differ_in_the_suffix_stand_side_by_side_where_nothing_is_masked(twins, tmp_path):
    result = call("gaussian-noise:sigma=0.01|jpeg:quality=60", "photos", "-o", "out", "--sidecar")
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a.png", "a.tif", "a.png.json", "a.tif.json"}


def test_the_mask_of_a_plugin_that_does_not_tell_of_it_is_guarded_too(twins, site, tmp_path):
    site.install(
        "restore-holes",
        """
        from restore.plugin import DegradationSpec, hookimpl

        @hookimpl
        def restore_degradations():
            return [DegradationSpec(name="hole", factory="restore_holes.hole:Hole")]
        """,
        files={
            "hole.py": """
from restore.contracts import Degradation

class Hole(Degradation):
    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        return image

    def mask(self, image, params):
        return image.new_ones(len(image), 1, *image.shape[-2:])
"""
        },
    )
    assert call("hole", "photos/a.png", "-o", "out.png").exit_code == 0
    assert (tmp_path / "out.mask.png").exists()
    result = call("hole", "photos", "-o", "out")
    assert (result.exit_code, "would both write out/a.mask.png" in result.stderr) == (2, True), result.output


def test_a_mask_and_a_sidecar_never_replace_an_input(twins, tmp_path):
    for name, more in (("a.mask.png", ()), ("a.png.json", ("--sidecar",))):
        source = tmp_path / name
        source.write_bytes((tmp_path / "photos/a.png").read_bytes())
        before = source.read_bytes()
        result = call("mask-center", name, "-o", "a.png", "--overwrite", *more)
        assert result.exit_code == 2, result.output
        assert f"would replace the input {name}" in result.stderr
        assert source.read_bytes() == before
        assert not (tmp_path / "a.png").exists()


def test_a_mask_that_cannot_be_written_is_told_and_no_image_is_left_without_it(photos, tmp_path):
    (tmp_path / "out.mask.png").mkdir()
    for code, more in ((2, ()), (1, ("--overwrite",))):
        result = call("mask-center", photos / "a.png", "-o", "out.png", *more)
        assert result.exit_code == code
        assert "out.mask.png" in result.stderr
        assert "Traceback" not in result.output
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "out.mask.png"}


def test_names_as_long_as_they_may_be(photos, tmp_path):
    name = "n" * 246  # NAME.mask.png and NAME.png.json have 255 letters
    result = call("mask-center", photos / "a.png", "-o", f"{name}.png", "--sidecar")
    assert result.exit_code == 0, result.output
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"photos", f"{name}.png", f"{name}.mask.png", f"{name}.png.json"}


def test_bad_files_do_not_stop_the_batch(photos, tmp_path):
    (photos / "0-corrupt.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    result = call("grayscale", photos, "-o", "out")
    assert result.exit_code == 1
    assert "2 degraded, 1 failed" in result.stderr
    assert "0-corrupt.png" in result.stderr
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("bicubik:scale=4", "photos/a.png", "-o", "x.png"), 3, "did you mean bicubic"),
        (("bicubic:scale=no", "photos/a.png", "-o", "x.png"), 2, "whole number"),
        (("bicubic:scal=4", "photos/a.png", "-o", "x.png"), 2, "did you mean 'scale'"),
        (("bicubic|", "photos/a.png", "-o", "x.png"), 2, "empty part"),
        (("bicubic", "photos/gone.png", "-o", "x.png"), 1, "does not exist"),
        (("bicubic", "photos/a.png", "-o", "photos/a.png"), 2, "would replace the input"),
        (("bicubic", "photos/a.png", "-o", "photos/b.jpg"), 2, "exists already"),
        (("bicubic", "photos/a.png", "-o", "x.png", "--seed", "-1"), 2, "--seed"),
        (("bicubic", "photos/a.png"), 2, "--output"),
        (("bicubic", "-o", "x.png"), 2, "INPUT"),
    ],
)
def test_errors(photos, arguments, code, message):
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
