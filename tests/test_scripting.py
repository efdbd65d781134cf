"""Scripts beside the toolkit end with a line and an exit code, never with a traceback."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from restore.errors import UnknownNameError, UsageError
from restore.scripting import errors_told

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UsageError("two lefts", "take one"), 2, "error: two lefts\n  take one\n"),
        (UnknownNameError("no such thing"), 3, "error: no such thing\n"),
        (KeyboardInterrupt(), 130, "\ninterrupted\n"),
    ],
)
def test_what_was_raised_on_purpose_is_told(capsys, error, code, told):
    @errors_told()
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as stopped:
        main()
    assert (stopped.value.code, capsys.readouterr().err) == (code, told)


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError), errors_told():
        1 / 0  # noqa: B018


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.relative_to(ROOT).as_posix())
def test_every_benchmark_ends_so(script):
    text = script.read_text("utf-8")
    if re.search(r"^def main\(", text, re.MULTILINE) and re.search(r"^(import|from) restore\b", text, re.MULTILINE):
        assert "@errors_told()\ndef main(" in text


def test_samples_of_a_prior_that_does_not_exist(monkeypatch, capsys, tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte.gz").touch()
    monkeypatch.setattr(sys, "argv", ["samples.py", "--data", str(tmp_path), "--device", "cpu", "dcgan-cats"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(ROOT / "benchmarks" / "samples.py"), run_name="__main__")
    assert stopped.value.code == 3
    assert "dcgan-cats" in capsys.readouterr().err
