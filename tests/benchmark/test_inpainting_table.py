"""The table of inpainted faces: which faces, which models, and that the page has what was measured."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restore.options import check, parse
from restore.registry import registry

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    path = ROOT / "benchmarks" / "paper" / "inpainting_table.py"
    spec = importlib.util.spec_from_file_location("inpainting_table", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def aligned(tmp_path):
    """Five images of the size of CelebA's, whose level is their number."""
    folder = tmp_path / "aligned"
    folder.mkdir()
    for number in range(1, 6):
        Image.fromarray(np.full((109, 89, 3), number, np.uint8)).save(folder / f"{number:06d}.png")
    return folder


def test_faces_after_those_that_the_prior_was_trained_on_are_cut(script, aligned, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "TRAINED_ON", 3)
    faces = script.cut(aligned, 2, tmp_path / "faces")
    found = {path.name: np.asarray(Image.open(path)) for path in sorted(faces.iterdir())}
    assert {name: (image.shape, int(image.min()), int(image.max())) for name, image in found.items()} == {
        "000004.png": ((64, 64, 3), 4, 4),
        "000005.png": ((64, 64, 3), 5, 5),
    }


def test_faces_that_are_cut_already_are_not_cut_again(script, aligned, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "TRAINED_ON", 3)
    faces = script.cut(aligned, 2, tmp_path / "faces")
    before = {path: path.stat().st_mtime_ns for path in faces.iterdir()}
    script.cut(tmp_path / "gone", 2, faces)
    assert {path: path.stat().st_mtime_ns for path in faces.iterdir()} == before


def test_a_cut_that_was_interrupted_or_of_more_faces_is_cut_anew(script, aligned, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "TRAINED_ON", 2)
    faces = script.cut(aligned, 3, tmp_path / "faces")
    (faces / "000003.png").unlink()
    for count in (3, 1, 2):
        script.cut(aligned, count, faces)
        assert [path.name for path in sorted(faces.iterdir())] == [f"{3 + number:06d}.png" for number in range(count)]


def test_too_few_images_are_told(script, aligned, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "TRAINED_ON", 3)
    with pytest.raises(SystemExit, match=r"5 images.*faces 4 to 6 are to be measured"):
        script.cut(aligned, 3, tmp_path / "faces")


def test_the_models_have_the_options_that_the_table_gives_them(script):
    for spec in script.MODELS:
        name, options = parse(spec)
        check(name, registry().find("model", name).factory(), options)


def test_the_table_has_a_column_a_mask_and_the_papers_numbers(script):
    metrics = {"psnr": 20.123, "ssim": 0.85671, "lpips": None, "psnr-hole": 14.5, "ssim-hole": 0.5, "lpips-hole": 0.25}
    names = {f"m{number}": spec for number, spec in enumerate(script.MODELS)}
    result = {
        "models": [{"name": name, "spec": spec} for name, spec in names.items()],
        "datasets": [{"images": ["a", "b"]}],
        "summary": [{"model": name, "dataset": "faces", "metrics": metrics} for name in names],
    }
    found = {"inpaint-center": result, "inpaint-half": result}
    whole = script.table(found, "", "whole image").splitlines()
    assert whole[0] == "| whole image, 2 faces: PSNR / SSIM / LPIPS | center | half |"
    assert whole[2] == "| Telea | 20.12 / 0.857 / n/a | 20.12 / 0.857 / n/a |"
    assert whole[-2:] == [
        "| Context Encoder, as the paper has it (PSNR) | 21.3 | 15.5 |",
        "| semantic inpainting, as the paper has it (PSNR) | 19.4 | 13.7 |",
    ]
    hole = script.table(found, "-hole", "hole alone").splitlines()
    assert (len(hole), hole[5]) == (9, "| `ours` | 14.50 / 0.500 / 0.250 | 14.50 / 0.500 / 0.250 |")


def test_a_page_without_the_marks_is_not_written(script):
    for text in ("no marks", f"only {script.BEGIN}", f"{script.END} before {script.BEGIN}"):
        with pytest.raises(ValueError, match="no place"):
            script.with_table(text, "scores")


def test_the_page_has_the_published_table(script):
    if not all(script.result(protocol).exists() for protocol in script.MASKS):
        pytest.skip("no table has been published yet")
    text = script.PAGE.read_text("utf-8")
    assert script.with_table(text, script.published_table()) == text
