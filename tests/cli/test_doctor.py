"""``restore doctor``: one finding a line, a cure for each that is not well, and the exit code."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

from restore.cli import cli, diagnosis
from restore.published import Network, digest_of
from restore.registry import registry
from restore_measurement.networks import NETWORKS

PLUGIN = """
from restore.plugin import ModelSpec, WeightsSpec, hookimpl

@hookimpl
def restore_models():
    weights = (WeightsSpec(tag="x4", file="restore_good:w.safetensors", sha256="0" * 64),)
    return [ModelSpec(name="net", factory="restore_good.net:Net", task="denoising", weights=weights)]
"""


def call(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["doctor", *arguments])


def findings(subject):
    checks = json.loads(call("--json").stdout)["checks"]
    return [(c["verdict"], c["finding"], c["cure"]) for c in checks if c["subject"] == subject]


@pytest.fixture
def well(site, monkeypatch):
    """An installation without the plugins that are being tested elsewhere."""
    monkeypatch.setenv("RESTORE_PLUGINS", "degradations,restore-good")
    return site


def test_all_is_well(well):
    result = call()
    assert result.exit_code == 0, result.stdout
    assert result.stdout.splitlines()[-1] == "all is well"
    assert max(map(len, result.stdout.splitlines())) <= 80
    found = json.loads(call("--json").stdout)
    assert found["healthy"] is True
    assert found["environment"]["RESTORE_PLUGINS"] == "degradations,restore-good"


def test_the_libraries_are_told_with_their_versions(well):
    [(verdict, finding, _)] = findings("libraries")
    assert verdict == "ok"
    for name in ("torch", "numpy", "click"):
        assert f"{name} {importlib.metadata.version(name)}" in finding


@pytest.mark.parametrize(
    ("versions", "verdict", "told"),
    [
        ({"numpy": None}, "problem", "numpy is not installed"),
        ({"numpy": "1.20"}, "problem", "numpy is 1.20, needed is >=1.26"),
        ({"tensorboard": None}, "note", "tensorboard is absent: training writes no curves"),
        ({"lpips": None}, "note", "lpips is absent: the metric lpips cannot be computed"),
        ({"spandrel": None}, "note", "spandrel is absent: the model spandrel cannot be loaded"),
        ({"opencv-python": None, "opencv-python-headless": "4.12.0.88"}, None, ""),
    ],
)
def test_libraries_that_are_absent_or_old(well, monkeypatch, versions, verdict, told):
    real = diagnosis.version
    monkeypatch.setattr(diagnosis, "version", lambda name: versions[name] if name in versions else real(name))
    found = json.loads(call("--json").stdout)
    matching = [c for c in found["checks"] if told and told in c["finding"]]
    assert [c["verdict"] for c in matching] == ([verdict] if verdict else [])
    assert all("pip install" in c["cure"] for c in matching)
    assert found["healthy"] == (verdict != "problem")


def own_cv2(site, name, record=""):
    folder = site.folder / f"{name.replace('-', '_')}-4.12.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 4.12.0\n")
    if record:
        (folder / "RECORD").write_text(record)


def test_two_builds_of_opencv_overwrite_each_other(well):
    own_cv2(well, "opencv-python")
    own_cv2(well, "opencv-python-headless")
    [(verdict, finding, cure)] = findings("opencv")
    assert verdict == "problem"
    assert finding == "opencv-python and opencv-python-headless are installed and overwrite each other's files"
    assert cure == "pip uninstall opencv-python opencv-python-headless, then pip install opencv-python"


def test_a_build_of_opencv_by_another_name_is_known_by_its_files(well):
    own_cv2(well, "opencv-python")
    own_cv2(well, "cv-of-our-own", "cv2/__init__.py,sha256=x,1\ncv2/cv2.so,,\n")
    own_cv2(well, "about-opencv", "about/cv2/__init__.py,,\n")
    [(_, finding, _)] = findings("opencv")
    assert finding.startswith("opencv-python and cv-of-our-own are installed")


def test_opencv_whose_files_went_with_another_build(well, monkeypatch):
    own_cv2(well, "opencv-python")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "cv2" else real(name, *rest))
    [(verdict, finding, cure)] = findings("opencv")
    assert (verdict, "its files are gone" in finding) == ("problem", True)
    assert cure == "pip install --force-reinstall --no-deps opencv-python"


@pytest.mark.parametrize(
    ("reason", "cured"),
    [
        ("libGL.so.1: cannot open shared object file: No such file or directory", "pip install opencv-python-headless"),
        ("numpy.core.multiarray failed to import", "pip install --force-reinstall opencv-python"),
    ],
)
def test_opencv_that_cannot_be_imported(well, monkeypatch, reason, cured):
    own_cv2(well, "opencv-python")
    well.folder.joinpath("cv2").mkdir()
    well.folder.joinpath("cv2/__init__.py").write_text(f"raise ImportError({reason!r})")
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    [(verdict, finding, cure)] = findings("opencv")
    assert (verdict, finding) == ("problem", f"cv2 cannot be imported: {reason}")
    assert cured in cure
    assert call().exit_code == 1


def test_it_fits_one_screen(site):
    """All of the toolkit's plugins are there."""
    lines = call().stdout.splitlines()
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("major", "half"), [(7, "float16, no fast bfloat16"), (9, "bfloat16 and float16")])
def test_a_gpu_and_its_precisions(well, monkeypatch, major, half):
    gpu = SimpleNamespace(name="Card", total_memory=80e9, major=major, minor=0)
    ones = torch.ones
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: gpu)
    monkeypatch.setattr(torch, "ones", lambda *size, device=None: ones(*size))
    assert findings("cuda:0") == [("ok", f"Card, 80.0 GB, {half}", "")]

    def refuse(*size, device=None):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(torch, "ones", refuse)
    [(verdict, finding, cure)] = findings("cuda:0")
    assert verdict == "problem"
    assert finding == "Card cannot compute: CUDA error: no kernel image is available for execution on the device"
    assert f"compute capability {major}.0" in cure


def test_a_torch_that_cannot_be_imported(well, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    result = call()
    assert result.exit_code == 1
    assert "torch cannot be imported" in result.stdout


def test_a_driver_that_torch_cannot_use(well, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi" if name == "nvidia-smi" else None)
    [(verdict, _, cure)] = findings("cuda")
    assert (verdict, "CUDA build" in cure) == ("note", True)


def test_weights_that_are_damaged_or_absent(well):
    well.install("restore-good", PLUGIN, files={"w.safetensors": b"damaged"})
    [(verdict, finding, cure)] = findings("weights")
    assert verdict == "problem"
    assert "is not the file that was published" in finding
    (well.folder / "restore_good/w.safetensors").unlink()
    [(verdict, finding, cure)] = findings("weights")
    assert "net.x4 are not here" in finding
    assert "restore weights import net.x4 FILE" in cure
    assert call().exit_code == 1


def test_networks_of_others(well, monkeypatch, tmp_path):
    monkeypatch.setenv("RESTORE_PLUGINS", "measurement")
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "home"))
    torch.save({"0.weight": torch.ones(2), "0.bias": torch.ones(1)}, tmp_path / "net.pth")
    small = dataclasses.replace(
        NETWORKS["squeeze"], layers=("0",), known=1,
        digest=digest_of(torch.load(tmp_path / "net.pth", weights_only=True)),
    )  # fmt: skip
    monkeypatch.setitem(NETWORKS, "squeeze", small)
    registry.cache_clear()
    [(verdict, finding, cure)] = findings("network")
    assert (verdict, finding) == ("note", "metric lpips cannot be used: lpips-alex is absent")
    assert cure == "restore weights fetch lpips-alex"
    path = Network(small).take(tmp_path / "net.pth")
    assert findings("network") == [("ok", "lpips-squeeze: digests right", "")]
    path.write_bytes(b"damaged")
    [(verdict, finding, cure)] = findings("network")
    assert (verdict, "lpips-squeeze cannot be used" in finding) == ("problem", True)
    assert cure.startswith("restore weights fetch lpips-squeeze")


def test_a_store_that_cannot_be_written(well, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "file"))
    [(verdict, _, cure)] = findings("store")
    assert verdict == "problem"
    assert "RESTORE_HOME" in cure


def test_looking_writes_nothing(well, monkeypatch, tmp_path):
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "new" / "home"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert findings("store")[0][0] == "ok"
    assert not (tmp_path / "new").exists()


def test_no_plugin_at_all(site, monkeypatch):
    monkeypatch.setenv("RESTORE_PLUGINS", "")
    result = call()
    assert result.exit_code == 1
    assert "no plugin is loaded" in result.stdout
