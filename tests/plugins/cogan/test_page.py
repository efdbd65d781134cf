"""docs/cogan.md names what the plugin offers, with the defaults that it has, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from restore.options import signature
from restore.registry import registry

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cogan.md").read_text("utf-8")


def test_every_component_is_on_the_page():
    offered = {c.spec.name for c in registry().components if c.spec.factory.startswith("restore_cogan.")}
    assert len(offered) == 4
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


def test_the_example_translates(tmp_path, digits, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("cogan-mnist-edge", Path("runs/edge"), digits / "mnist", every=100)
    example, _ = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    short = example.replace("(image=digits))", "(image=digits), settings=inversion.Settings(steps=2, restarts=1))")
    assert short != example
    names: dict[str, object] = {}
    exec(compile(short, "docs/cogan.md", "exec"), names)
    assert names["translated"].shape == names["edges"].shape == (8, 1, 28, 28)


def test_the_example_adapts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    monkeypatch.setattr("restore_cogan.coupled.POPULATION", 256)
    _, example = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names: dict[str, object] = {}
    exec(compile(example, "docs/cogan.md", "exec"), names)
    assert (tmp_path / "reader.safetensors").is_file()
    assert names["again"].classes_.tolist() == ["left", "right"]
