"""docs/cogan.md names what the plugin offers, with the defaults that it has, and its example runs."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from restore.inversion import Settings, invert
from restore.options import signature
from restore.registry import registry

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cogan.md").read_text("utf-8")


def test_every_component_is_on_the_page():
    offered = {c.spec.name for c in registry().components if c.spec.factory.startswith("restore_cogan.")}
    assert len(offered) == 7
    assert all(f"`{name}`" in PAGE for name in offered)


@pytest.mark.parametrize(
    ("row", "numbers"),
    [
        ("`steps`, `batch_size`", {"steps": (25_000, 10_000), "batch_size": (128, 64)}),
        ("`learning_rate`", {"learning_rate": (2e-4, 2e-4), "critic_rate": (2e-4, 2e-4), "momentum": (0.5, 0.5)}),
        ("`weight_decay`", {"weight_decay": (5e-4, 5e-4)}),
        ("`dropout`", {"dropout": (0.5, 0.0)}),
        ("`ema`", {"ema": (0.0, 0.0), "schedule": ("constant", "constant")}),
    ],
)
def test_defaults_are_as_the_page_says(row, numbers):
    assert any(line.startswith(f"| {row}") for line in PAGE.splitlines())
    for option, defaults in numbers.items():
        found = [signature(registry().find("recipe", name).factory())[option].default
                 for name in ("cogan-mnist-edge", "cogan-digits")]  # fmt: skip
        assert tuple(found) == defaults


def examples():
    return re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_examples_draw_and_translate(tmp_path, digits, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("cogan-mnist-edge", Path("runs/edge"), digits / "mnist", every=100)
    drawing, translating, _ = examples()
    monkeypatch.setattr("restore.inversion.invert", functools.partial(invert, settings=Settings(steps=2, restarts=1)))
    names: dict[str, object] = {}
    exec(compile(drawing, "docs/cogan.md", "exec"), names)
    assert names["edges"].shape == names["found"].image.shape == (8, 1, 28, 28)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    quick = translating.replace("seed=0", 'seed=0, steps=2, pool=10, device="cpu"')
    assert quick != translating
    exec(compile(quick, "docs/cogan.md", "exec"), names)
    assert names["found"].reconstruction.shape == (8, 1, 28, 28)
    assert float(names["found"].explained.max()) <= 1


def test_the_example_adapts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    monkeypatch.setattr("restore_cogan.coupled.POPULATION", 256)
    *_, example = examples()
    names: dict[str, object] = {}
    exec(compile(example, "docs/cogan.md", "exec"), names)
    assert (tmp_path / "reader.safetensors").is_file()
    assert names["again"].classes_.tolist() == ["left", "right"]
