"""What a shipped protocol names keeps its meaning when another plugin offers the same short names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from restore.benchmark import evaluate
from restore.benchmark.contestants import line_up
from restore.benchmark.protocols import find_protocol
from restore.benchmark.runner import Settings, run
from restore.errors import PluginError
from restore.registry import registry

PLUGIN = """
    from restore.plugin import DegradationSpec, MetricSpec, ModelSpec, hookimpl

    @hookimpl
    def restore_metrics():
        return [MetricSpec(name="psnr", factory="restore_twin.parts:Psnr")]

    @hookimpl
    def restore_models():
        return [ModelSpec(name="bicubic", factory="restore_twin.parts:Model", task="super-resolution", scale=4)]

    @hookimpl
    def restore_degradations():
        return [DegradationSpec(name="bicubic", factory="restore_twin.parts:Harm")]
"""
PARTS = """
raise RuntimeError("nobody asked for the twin")
"""


@pytest.fixture
def twin(site):
    """A distribution that offers a metric, a model and a degradation under names of the toolkit."""
    site.install("restore-twin", PLUGIN, files={"parts.py": PARTS})
    registry.cache_clear()


def test_a_short_name_of_the_users_own_is_still_refused(twin):
    with pytest.raises(PluginError, match="restore-toolkit:psnr and restore-twin:psnr"):
        registry().find("metric", "psnr")


def test_scores_are_those_of_the_toolkit(twin):
    image = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    other = image ^ 3
    expected = 10 * np.log10(255**2 / np.mean((image.astype(float) - other) ** 2))
    assert evaluate(other, image, protocol="rgb")["psnr"] == pytest.approx(expected, abs=1e-12)


def test_a_benchmark_runs_with_its_own_baselines_and_degradation(twin, tmp_path):
    protocol = find_protocol("sr-x4")
    assert protocol.home == "restore-toolkit"
    assert [c.name for c in line_up(protocol, ["nearest"], device=torch.device("cpu"))] == ["bicubic", "nearest"]
    (tmp_path / "set").mkdir()
    smooth = Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 6, 3), dtype=np.uint8))
    smooth.resize((48, 48), Image.Resampling.BICUBIC).save(tmp_path / "set/a.png")
    found = run(Settings(protocol=protocol, models=(), data=tmp_path / "set", output=tmp_path / "out", device="cpu"))
    [row] = found["scores"]
    assert row["status"] == "ok"
    assert row["metrics"]["psnr"] > 20
    assert found["protocol"]["hash"] == find_protocol("sr-x4").hash
    assert "home" not in found["protocol"]["fields"]


def test_a_name_is_qualified_only_where_two_offer_it(twin):
    found = registry()
    assert found.at_home("metric", "psnr", "restore-toolkit") == "restore-toolkit:psnr"
    assert found.at_home("metric", "lpips:net=alex", "restore-toolkit") == "lpips:net=alex"
    assert found.at_home("degradation", "bicubic:scale=4", "restore_twin") == "restore-twin:bicubic:scale=4"
    assert found.at_home("metric", "restore-twin:psnr", "restore-toolkit") == "restore-twin:psnr"
    assert found.at_home("metric", "psnr", "restore-other") == "psnr"
