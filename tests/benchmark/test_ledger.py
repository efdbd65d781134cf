"""The ledger: whatever moment a run is killed at, what it had finished is there and nothing else."""

from __future__ import annotations

import json

import pytest

from restore.benchmark.ledger import NAME, Ledger
from restore.errors import InputError, UsageError

IDENTITY = {"protocol": "abc", "versions": {"numpy": "2"}, "threads": 1}


def filled(folder, count=3):
    with Ledger(folder, IDENTITY) as ledger:
        for number in range(count):
            ledger.add(("model", "set", f"image {number} ü\n"), {"score": number / 3})
    return (folder / NAME).read_bytes()


def test_records_are_there_again(tmp_path):
    filled(tmp_path)
    with Ledger(tmp_path, IDENTITY) as ledger:
        assert ledger.get(("model", "set", "image 1 ü\n"))["score"] == 1 / 3
        assert ledger.get(("model", "set", "image 3 ü\n")) is None


def test_a_ledger_cut_at_any_byte_has_the_records_before_the_cut_and_can_be_continued(tmp_path):
    data = filled(tmp_path / "whole")
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    for cut in range(len(data) + 1):
        folder = tmp_path / "cut"
        folder.mkdir(exist_ok=True)
        (folder / NAME).write_bytes(data[:cut])
        with Ledger(folder, IDENTITY) as ledger:
            there = [ledger.get(("model", "set", f"image {n} ü\n")) is not None for n in range(3)]
            assert there == [cut >= end for end in ends[1:]]
            ledger.add(("after", "the", "cut"), {"score": 9})
        lines = [json.loads(line) for line in (folder / NAME).read_bytes().splitlines()]
        assert lines[0]["identity"] == IDENTITY
        assert [line["key"][0] for line in lines[1:]] == ["model"] * sum(there) + ["after"]


def test_nothing_after_a_damaged_line_is_believed(tmp_path):
    lines = filled(tmp_path).splitlines(keepends=True)
    lines[2] = b"\x00" * (len(lines[2]) - 1) + b"\n"
    (tmp_path / NAME).write_bytes(b"".join(lines))
    with Ledger(tmp_path, IDENTITY) as ledger:
        found = [ledger.get(("model", "set", f"image {n} ü\n")) is not None for n in range(3)]
    assert found == [True, False, False]


def test_a_record_is_on_the_disk_when_add_returns(tmp_path):
    with Ledger(tmp_path, IDENTITY) as ledger:
        ledger.add(("a",), {"score": 1})
        assert (tmp_path / NAME).read_bytes().count(b"\n") == 2


def test_the_latest_record_of_a_key_counts(tmp_path):
    with Ledger(tmp_path, IDENTITY) as ledger:
        ledger.add(("a",), {"score": 1})
        ledger.add(("a",), {"score": 2})
        assert ledger.get(("a",))["score"] == 2
    with Ledger(tmp_path, IDENTITY) as ledger:
        assert ledger.get(("a",))["score"] == 2


def test_the_time_of_the_first_start_stays(tmp_path):
    with Ledger(tmp_path, IDENTITY) as ledger:
        created = ledger.created
    text = (tmp_path / NAME).read_text().replace(created, "2001-02-03T04:05:06+00:00")
    (tmp_path / NAME).write_text(text)
    with Ledger(tmp_path, IDENTITY) as ledger:
        assert ledger.created == "2001-02-03T04:05:06+00:00"


def test_a_run_of_another_identity_is_refused_and_left_as_it_is(tmp_path):
    data = filled(tmp_path)
    with pytest.raises(UsageError, match=r"versions\.numpy was '2' and is '3'") as caught:
        Ledger(tmp_path, {**IDENTITY, "versions": {"numpy": "3"}})
    assert "-o" in caught.value.cure
    assert (tmp_path / NAME).read_bytes() == data


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with Ledger(tmp_path, IDENTITY), pytest.raises(UsageError, match="another run is writing"):
        Ledger(tmp_path, IDENTITY)
    Ledger(tmp_path, IDENTITY).__exit__(None, None, None)


def test_a_ledger_of_another_format_is_refused(tmp_path):
    (tmp_path / NAME).write_text('{"ledger": 99}\n')
    with pytest.raises(UsageError, match="no ledger that this version reads"):
        Ledger(tmp_path, IDENTITY)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        Ledger(tmp_path / "file" / "run", IDENTITY)


def test_a_file_of_somebody_elses_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / NAME).write_text("my own notes\nof last week\n")
    with pytest.raises(UsageError, match="no ledger"):
        Ledger(tmp_path, {})
    assert (tmp_path / NAME).read_text() == "my own notes\nof last week\n"
