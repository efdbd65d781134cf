"""The log is JSON whatever was measured, and holds each step once."""

from __future__ import annotations

import json
import math
import resource

import pytest

from restore.errors import RestoreError
from restore.training.journal import Journal


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


def read(folder):
    return [json.loads(line, parse_constant=no_constant) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def journal(monkeypatch):
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    made = Journal(quiet=True)
    yield made
    made.close()


def test_what_is_not_finite_is_written_as_text_that_float_reads(journal, tmp_path):
    journal.open(tmp_path / "run", start=0, steps=9)
    journal.record(1, {"psnr": math.inf, "a": -math.inf, "b": math.nan, "c": 0.5})
    [entry] = read(tmp_path / "run")
    assert (entry["psnr"], entry["a"], entry["b"], entry["c"]) == ("inf", "-inf", "nan", 0.5)
    assert float(entry["psnr"]) == math.inf


def test_a_journal_that_is_not_opened_leaves_no_trace(journal, tmp_path):
    journal.say("reading")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("start", "steps", "kept"),
    [(0, 9, []), (2, 9, ["1 loss", "2 loss", "2 validation/psnr"]), (2, 2, ["1 loss", "2 loss"])],
)
def test_a_resumed_log_keeps_what_will_not_be_recorded_again(journal, tmp_path, start, steps, kept):
    lines = [{"step": 1, "loss": 1}, {"step": 2, "loss": 1}, {"step": 2, "validation/psnr": 1}, {"step": 3, "loss": 1}]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"step": 1, "lo'
    (tmp_path / "log.jsonl").write_text(text)
    journal.open(tmp_path, start=start, steps=steps)
    assert [f"{e['step']} {next(key for key in e if key != 'step')}" for e in read(tmp_path)] == kept


def test_a_log_that_cannot_be_written_is_told(journal, tmp_path):
    journal.open(tmp_path, start=0, steps=9)
    (tmp_path / "log.jsonl").write_text("x" * 4096)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(RestoreError, match=r"log\.jsonl cannot be written"):
            journal.record(1, {"loss": 1.0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
