"""What a result tells of the degradation, and that no run goes on under another."""

from __future__ import annotations

import shutil

import pytest

from restore.benchmark import Protocol, find_protocol, stages
from restore.benchmark.runner import Settings, run
from restore.composition import stages as written
from restore.errors import UnknownNameError, UsageError
from restore.options import check
from restore.registry import registry

PLUGIN = """
from restore.plugin import DegradationSpec, hookimpl

@hookimpl
def restore_degradations():
    return [DegradationSpec(name="dim", factory="restore_dim.parts:Dim")]
"""
PARTS = """
from pathlib import Path
from restore.contracts import Degradation

class Dim(Degradation):
    def __init__(self, share: float = 0.5, steps: tuple[int, ...] = (1, 2), top: float = float("inf"),
                 note: str | None = None, map: Path = Path("a/b")) -> None:
        super().__init__()
        self.share = share

    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        return image * self.share
"""


@pytest.fixture
def dim(site, lab):
    """Install a degradation; return what installs another version of it."""

    def install(version, parts=PARTS):
        for old in site.folder.glob("restore_dim*"):
            shutil.rmtree(old)
        site.install("restore-dim", PLUGIN, version=version, files={"parts.py": parts})
        registry.cache_clear()

    install("1.0")
    return install


def go(folder, output):
    protocol = Protocol(
        id="dimmed", task="super-resolution", baselines=("plain",), metrics=("levels",),
        degradation="bicubic:scale=2|dim", scale=2,
    )  # fmt: skip
    return run(Settings(protocol=protocol, models=(), data=folder, output=output, device="cpu"))


def test_every_option_of_every_stage_is_told_with_its_origin(dim):
    bicubic, dimmed = stages.record("bicubic:scale=2 | restore-dim:dim:share=0.25,steps=3")
    assert bicubic["options"] == {"scale": 2, "border": "symmetric", "rounding": "none"}  # docs/degradations.md
    assert len(dimmed.pop("source")) == 64
    assert dimmed == {
        "name": "dim", "distribution": "restore-dim", "version": "1.0",
        "options": {"share": 0.25, "steps": [3], "top": "inf", "note": None, "map": "a/b"},
    }  # fmt: skip


def test_what_cannot_be_built_is_told():
    for text, error in (("bicubic|", UsageError), ("bicubic:border=odd", UsageError), ("bicubik", UnknownNameError)):
        with pytest.raises(error):
            stages.record(text)


def test_a_shipped_protocol_writes_every_option_down_so_that_its_hash_is_over_them():
    names = [c.spec.name for c in registry().of_kind("protocol") if c.plugin.distribution == "restore-toolkit"]
    texts = [text for name in names if (text := find_protocol(name).degradation)]
    assert len(texts) > 10
    for text in texts:
        for (name, options), stage in zip(written(text), stages.record(text), strict=True):
            factory = registry().find("degradation", name).factory()
            said = {key: list(v) if isinstance(v, tuple) else v for key, v in check(name, factory, options).items()}
            assert said == stage["options"]


def test_a_result_tells_it_and_a_run_goes_on_under_the_same_only(dim, pictures, tmp_path):
    folder, output = pictures("data", a=(8, 8)), tmp_path / "out"
    found = go(folder, output)
    assert [(s["name"], s["version"]) for s in found["degradation"]][1] == ("dim", "1.0")
    assert found["degradation"][1]["options"]["share"] == 0.5
    assert go(folder, output)["scores"] == found["scores"]
    dim("1.1")
    with pytest.raises(UsageError, match=r"degradation\.1\.version was '1\.0' and is '1\.1'"):
        go(folder, output)


def test_other_defaults_are_another_run(dim, pictures, tmp_path):
    folder, output = pictures("data", a=(8, 8)), tmp_path / "out"
    go(folder, output)
    factory = registry().find("degradation", "dim").factory()
    factory.__init__.__defaults__ = (0.75, *factory.__init__.__defaults__[1:])
    with pytest.raises(UsageError, match=r"degradation\.1\.options\.share was 0\.5 and is 0\.75"):
        go(folder, output)


def test_another_code_under_the_same_version_is_another_run(dim, pictures, tmp_path):
    folder, output = pictures("data", a=(8, 8)), tmp_path / "out"
    go(folder, output)
    dim("1.0", PARTS.replace("image * self.share", "image * self.share**2"))
    with pytest.raises(UsageError, match=r"degradation\.1\.source was"):
        go(folder, output)
