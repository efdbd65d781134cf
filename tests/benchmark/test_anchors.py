"""Bicubic x4 scores what the literature, and code independent of this project, measured for it.

The anchors of sr-x4 and sr-x4-matlab are the test data's; the tables of the literature are rounded to 0.01 dB.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from restore import images
from restore.benchmark import find_protocol, psnr, ssim
from restore.benchmark.runner import Settings, run
from restore.composition import build_degradation
from restore.registry import registry
from restore.resize import round_to_uint8

PUBLISHED = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
ANCHORS = [
    ("sr-x4", "set5", 28.431, 0.8113),
    ("sr-x4", "set14", 26.092, 0.7050),
    pytest.param("sr-x4", "bsd100", 25.963, 0.6682, marks=pytest.mark.slow),
    ("sr-x4-matlab", "set5", 28.418, 0.8103),
    ("sr-x4-matlab", "set14", 25.999, 0.7018),
    pytest.param("sr-x4-matlab", "bsd100", 25.959, 0.6673, marks=pytest.mark.slow),
]
LITERATURE = [
    (2, "set5", 33.66, 0.9299),
    (2, "set14", 30.24, 0.8688),
    (3, "set5", 30.39, 0.8682),
    (3, "set14", 27.55, 0.7742),
    (4, "set5", 28.42, 0.8104),
    (4, "set14", 26.00, 0.7027),
]
"""Rows of bicubic interpolation in the tables of the field, which were made of luma alone."""


def bicubic(protocol, folder):
    """Return the mean PSNR and SSIM of bicubic upscaling on a folder."""
    degradation = build_degradation(protocol.degradation)
    model = registry().find("model", "bicubic").build(scale=protocol.scale)
    scores = []
    for path in sorted(folder.iterdir()):
        file = torch.from_numpy(images.load(path).pixels.transpose(0, 3, 1, 2).copy())
        original = protocol.original(file)
        low = degradation.observe(original.double() / 255, torch.Generator()).image
        pair = [protocol.prepare(image) for image in (model(round_to_uint8(low)), original)]
        scores.append([float(metric(*pair, peak=255)) for metric in (psnr, ssim)])
    assert scores
    return torch.tensor(scores, dtype=torch.float64).mean(0).tolist()


@pytest.mark.parametrize(("name", "dataset", "decibels", "similarity"), ANCHORS)
def test_anchors(shared_data, name, dataset, decibels, similarity):
    found = bicubic(find_protocol(name), shared_data / "sr/test" / dataset)
    assert found == [pytest.approx(decibels, abs=0.001), pytest.approx(similarity, abs=0.0001)]


@pytest.mark.parametrize(("name", "dataset", "decibels", "similarity"), [ANCHORS[0], ANCHORS[3]])
def test_a_run_of_the_benchmark_measures_them(shared_data, tmp_path, name, dataset, decibels, similarity):
    protocol = replace(find_protocol(name), metrics=("psnr", "ssim"))
    data = shared_data / "sr/test" / dataset
    found = run(Settings(protocol=protocol, models=(), data=data, output=tmp_path, device="cpu"))
    [row] = found["summary"]
    assert (row["model"], row["dataset"], row["n"]) == ("bicubic", dataset, 5)
    assert row["metrics"]["psnr"] == pytest.approx(decibels, abs=0.001)
    assert row["metrics"]["ssim"] == pytest.approx(similarity, abs=0.0001)


@pytest.mark.parametrize(("name", "dataset", "decibels", "similarity"), [getattr(a, "values", a) for a in ANCHORS])
def test_what_is_published_says_them(name, dataset, decibels, similarity):
    files = list(PUBLISHED.glob(f"{name}--*.json"))
    assert files
    for file in files:
        rows = json.loads(file.read_text("utf-8"))["summary"]
        [scores] = [row["metrics"] for row in rows if (row["model"], row["dataset"]) == ("bicubic", dataset)]
        assert scores["psnr"] == pytest.approx(decibels, abs=0.001)
        assert scores["ssim"] == pytest.approx(similarity, abs=0.0001)


@pytest.mark.parametrize(("scale", "dataset", "decibels", "similarity"), LITERATURE)
def test_tables_of_the_literature(shared_data, scale, dataset, decibels, similarity):
    protocol = replace(find_protocol(f"sr-x{scale}"), image="luma")
    found = bicubic(protocol, shared_data / "sr/test" / dataset)
    assert found == [pytest.approx(decibels, abs=0.02), pytest.approx(similarity, abs=0.0015)]


def test_the_documentation_shows_them():
    page = (Path(__file__).resolve().parents[2] / "docs/protocols.md").read_text("utf-8")
    for anchor in ANCHORS:
        _, _, decibels, similarity = getattr(anchor, "values", anchor)
        assert f"{decibels:.3f} / {f'{similarity:.4f}'[1:]}" in page
