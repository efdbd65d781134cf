"""What a report says of where its numbers come from."""

from __future__ import annotations

import shlex

from restore.benchmark.outcome import Outcome
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
