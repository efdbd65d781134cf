"""What a report says of where its numbers come from."""

from __future__ import annotations

import shlex

from restore.benchmark.outcome import Outcome
from restore.benchmark.report import table
from restore.benchmark.report.provenance import facts

RESULTS = {
    "schema": 1,
    "command": ["restore", "bench", "sr-x4", "--data", "my photos", "-m", "net@it's.safetensors"],
    "protocol": {"id": "sr-x4", "hash": "a" * 64, "fields": {}},
    "degradation": [
        {"name": "noise", "distribution": "lab", "version": "0.3", "options": {"sigma": [0.1, 0.2], "own": True}},
    ],
    "datasets": [],
    "models": [],
    "scores": [],
    "summary": [],
}


def test_the_command_can_be_pasted_into_a_shell():
    [(name, command)] = facts(Outcome(RESULTS)).run
    assert name == "command"
    assert shlex.split(command) == RESULTS["command"]


def test_the_degradation_is_told_with_every_option():
    assert facts(Outcome(RESULTS)).degradation == (
        ("noise", (("distribution", "lab"), ("version", "0.3"), ("options sigma", "0.1, 0.2"),
                   ("options own", "yes"))),
    )  # fmt: skip
    old = {name: value for name, value in RESULTS.items() if name != "degradation"}
    assert facts(Outcome(old)).degradation == ()


def test_a_citation_and_the_tables_tell_a_limit_and_precisions_that_differ():
    found = {
        **RESULTS,
        "datasets": [
            {"name": "bsd100", "hash": "b" * 64, "total": 100, "images": [{"name": "a"}, {"name": "b"}]},
            {"name": "set5", "hash": "c" * 64, "total": 1, "images": [{"name": "a"}]},
        ],
        "models": [{"name": "bicubic", "precision": "float32"}, {"name": "net", "precision": "bfloat16"}],
    }
    citation = facts(Outcome(found)).citation
    assert "on bsd100 (2 of 100 images, bbbbbbbbbbbb), set5 (cccccccccccc);" in citation
    assert "bicubic in float32, net in bfloat16, " in citation
    tex = table.latex(Outcome(found)).splitlines()
    assert tex[-2:] == ["% bsd100: 2 of 100 images", "% Precision: bicubic in float32, net in bfloat16"]
    found["models"][1]["precision"] = "float32"
    assert ", float32, " in facts(Outcome(found)).citation
    assert "Precision" not in table.markdown(Outcome(found))
