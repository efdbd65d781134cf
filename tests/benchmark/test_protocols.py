"""Shipped protocols, protocols in TOML, and protocols of plugins."""

from __future__ import annotations

import io
import math
import tomllib
from pathlib import Path

import pytest
from PIL import Image

import restore
from restore.benchmark import Protocol, find_protocol
from restore.composition import build_degradation
from restore.errors import PluginError, RestoreError, UnknownNameError, UsageError
from restore.options import parse
from restore.registry import registry

ROOT = Path(__file__).resolve().parents[2]
HASHES = {
    "denoise-gray-15": "ac8fcb776beb",
    "denoise-gray-25": "5fc498030262",
    "denoise-gray-50": "5e142d4df818",
    "denoise-rgb-25": "1b252f3a10d7",
    "inpaint-center": "486b2c5872c9",
    "inpaint-half": "6a4e76e1de21",
    "inpaint-pattern": "ee248618e7dd",
    "inpaint-random80": "294aac9fee8d",
    "rgb": "d1a380b14ed6",
    "sr-rgb": "1e1da7c78580",
    "sr-x2": "d1f45b1fb42f",
    "sr-x3": "64adc3968660",
    "sr-x4": "1195c4f4e1ec",
    "sr-x4-matlab": "9b2cb9ae4072",
    "sr-x4-real": "135a127dea8d",
    "sr-x4-rgb": "6f1b79befc5d",
    "sr-y": "d4f89ba64d21",
    "y": "006f4f59603f",
}
"""A hash that changes means that results made before cannot be compared: give the new protocol a new name."""
ANY_TOML = """
task = "super-resolution"
datasets = ["faces"]

[image]
mode = "gray"

[degradation]
spec = "bicubic:scale=2|gaussian-noise:sigma=0.02"
scale = 2
rounding = "none"
seed = 7

[measure]
color = "y"
crop_border = 3
metrics = ["psnr"]

[ssim]
window = 7
"""
PLUGIN = """
from restore.plugin import ProtocolSpec, hookimpl

@hookimpl
def restore_protocols():
    return [
        ProtocolSpec(name="far-x2", file="restore_far:data/far.toml", summary="From far"),
        ProtocolSpec(name="made", factory="restore_far.parts:made"),
        ProtocolSpec(name="wrong", factory="restore_far.parts:wrong"),
        ProtocolSpec(name="absent", file="restore_far:data/absent.toml"),
        ProtocolSpec(name="broken", file="restore_far:data/broken.toml"),
        ProtocolSpec(name="y", factory="restore_far.parts:made"),
    ]
"""
PARTS = """
from restore.benchmark import Protocol

def made():
    return Protocol(id="another", crop_border=5, summary="Made by hand")

def wrong():
    return {"color": "y"}
"""


@pytest.fixture
def far(site):
    files = {"data/far.toml": ANY_TOML, "data/broken.toml": "[measure]\ncolour = 'y'\n", "parts.py": PARTS}
    site.install("restore-far", PLUGIN, files=files)
    return site


def shipped():
    return [c for c in registry().of_kind("protocol") if c.plugin.distribution == "restore-toolkit"]


def write(folder, text, name="own.toml"):
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


class TestShipped:
    def test_none_has_changed_silently(self):
        assert {c.spec.name: find_protocol(c.spec.name).hash[:12] for c in shipped()} == HASHES

    def test_every_file_is_registered_and_has_its_name(self):
        files = {path.stem for path in (ROOT / "plugins/measurement/restore_measurement/protocols").glob("*.toml")}
        assert files == set(HASHES)
        assert all(find_protocol(name).id == name for name in files)

    @pytest.mark.parametrize("name", HASHES)
    def test_what_it_names_exists(self, name):
        protocol = find_protocol(name)
        for kind, texts in (("metric", protocol.metrics), ("model", protocol.baselines)):
            for text in texts:
                name, options = parse(text)
                component = registry().find(kind, name)
                if kind == "model":
                    component.build(**options)
        if protocol.degradation:
            assert build_degradation(protocol.degradation).scale == protocol.scale
            spec = registry().find("degradation", parse(protocol.degradation)[0]).spec
            assert spec.masks == ("hole" in protocol.regions)

    @pytest.mark.parametrize("level", [15, 25, 50])
    def test_noise_has_the_level_of_its_name(self, level):
        degradation = build_degradation(find_protocol(f"denoise-gray-{level}").degradation)
        assert degradation.sigma[0] * 255 == pytest.approx(level, abs=1e-4)

    def test_studio_luma_reads_1_32_db_more_than_full_range(self):
        """Of a gray pair the levels shrink by 219/255 in studio range, and the peak does not."""
        pair = bytes_of(100), bytes_of(110)
        gain = restore.evaluate(*pair, protocol="y")["psnr"] - restore.evaluate(*pair, protocol="rgb")["psnr"]
        assert gain == pytest.approx(20 * math.log10(255 / 219), abs=1e-9)
        assert gain == pytest.approx(1.321921, abs=1e-6)


class TestToml:
    def test_every_table_arrives(self, tmp_path):
        found = find_protocol(write(tmp_path, ANY_TOML))
        assert found == Protocol(
            id="own", task="super-resolution", datasets=("faces",), image="gray",
            degradation="bicubic:scale=2|gaussian-noise:sigma=0.02", scale=2, degraded_rounding="none", seed=7,
            color="y", crop_border=3, metrics=("psnr",), ssim_window=7,
        )  # fmt: skip

    def test_the_example_of_the_documentation(self, tmp_path):
        page = (ROOT / "docs/protocols.md").read_text("utf-8")
        example = page.split("```toml\n")[1].split("```")[0]
        found = find_protocol(write(tmp_path, example))
        assert set(tomllib.loads(example)) >= {"image", "degradation", "measure", "ssim", "lpips"}
        assert build_degradation(found.degradation).scale == found.scale

    def test_it_measures(self, tmp_path):
        path = write(tmp_path, "[measure]\ncrop_border = 1\nmetrics = ['psnr']\n")
        assert restore.evaluate(bytes_of(1), bytes_of(2), protocol=path) == {"psnr": pytest.approx(48.1308036)}

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[measure]\ncolour = 'y'", r"\[measure\] has no key 'colour'\n  did you mean 'color'"),
            ("[mesure]\ncolor = 'y'", "no key or table 'mesure'\n  did you mean 'measure'"),
            ("[measure]\ncrop = 7", "no key 'crop'\n  did you mean 'crop_border'"),
            ("[image]\nseed = 7", r"no key 'seed'\n  it belongs below \[degradation\]"),
            ("[measure]\nwindow = 7", r"no key 'window'\n  it belongs below \[ssim\]"),
            ("window = 7", r"no key or table 'window'\n  it belongs below \[ssim\]"),
            ("measure = 'y'", r"measure is a table\n  write \[measure\]"),
            ("[measure]\ncolor = 'rbg'", "color must be rgb | y, not 'rbg'; did you mean 'rgb'"),
            ("[measure]\ncolor = ", "is no TOML file: Invalid value"),
            ("[degradation]\nscale = 2.5", "scale must be a whole number"),
        ],
    )
    def test_mistakes_are_told_with_the_file_and_the_cure(self, tmp_path, text, told):
        path = write(tmp_path, text)
        with pytest.raises(UsageError, match=told) as caught:
            find_protocol(path)
        assert str(caught.value).startswith(path)

    def test_files_that_cannot_be_read(self, tmp_path):
        for path in (tmp_path / "gone.toml", tmp_path):
            with pytest.raises(RestoreError, match=r"cannot be read|no protocol"):
                find_protocol(str(path))
        (tmp_path / "latin.toml").write_bytes(b"task = '\xe4'")
        with pytest.raises(UsageError, match="is no TOML file"):
            find_protocol(str(tmp_path / "latin.toml"))


class TestPlugins:
    def test_by_toml(self, far):
        found = find_protocol("far-x2")
        assert (found.id, found.summary, found.seed, found.image) == ("far-x2", "From far", 7, "gray")

    def test_by_a_callable(self, far):
        found = find_protocol("restore-far:made")
        assert (found.id, found.summary, found.crop_border) == ("made", "Made by hand", 5)

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("wrong", "restore_far.parts:wrong returns dict"),
            ("absent", "restore_far:data/absent.toml is not installed"),
            ("broken", r"of restore-far cannot be used: .*has no key 'colour'\n  did you mean 'color'"),
            ("y", "restore-far:y and restore-toolkit:y"),
        ],
    )
    def test_what_is_out_of_order_is_told_with_its_owner(self, far, name, told):
        with pytest.raises(PluginError, match=told):
            find_protocol(name)

    def test_qualified_names_tell_two_apart(self, far):
        assert find_protocol("restore-toolkit:y").color == "y"
        assert find_protocol("restore-far:y").crop_border == 5

    def test_near_names(self):
        with pytest.raises(UnknownNameError, match="did you mean sr-x4"):
            find_protocol("sr-4x")


def bytes_of(value):
    """Return a gray PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (24, 24), (value,) * 3).save(buffer, "PNG")
    return buffer.getvalue()
