"""The kit in a test file of a plugin, run by pytest as its author would."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

PLUGIN = """
from restore.plugin import DegradationSpec, hookimpl

@hookimpl
def restore_degradations():
    return [DegradationSpec(name="dark", factory="restore_dark.parts:Dark", licence="MIT", differentiable=False)]
"""
PARTS = """
from restore.contracts import Degradation

class Dark(Degradation):
    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        return image * 0
"""
TESTS = """
from restore.testing import parametrize

@parametrize("restore-dark", expected_failures={expected!r})
def test_conformance(check):
    check()
"""


@pytest.fixture
def suite(site, tmp_path):
    site.install("restore-dark", PLUGIN, files={"parts.py": PARTS})

    def run(expected, *arguments):
        file = tmp_path / "test_conformance.py"
        file.write_text(TESTS.format(expected=expected))
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *arguments, file.name],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "PYTHONPATH": str(site.folder), "COLUMNS": "200"},
        )  # fmt: skip

    return run


def outcomes(done):
    lines = re.findall(r"^(\w+) test_conformance\.py::test_conformance\[(\S+)\]", done.stdout, re.MULTILINE)
    return {name: outcome for outcome, name in lines}


def test_one_line_runs_every_check(suite):
    done = suite({}, "-k", "summary or licence or options")
    assert outcomes(done) == {
        "dark-summary-is-there": "FAILED",
        "dark-licence-is-known": "PASSED",
        "dark-options-are-typed": "PASSED",
    }
    assert "1 failed, 2 passed, 1 skipped" in done.stdout
    assert "it has no option with a default" in done.stdout
    assert re.search(
        r"expected: a summary, the line of restore list\s+found: none\s+cure: ", done.stdout.replace("E  ", "")
    )


def test_expected_failures_are_strict(suite):
    done = suite({"dark-summary-is-there": "shy", "dark-licence-is-known": "wrong"}, "-k", "summary or licence")
    assert outcomes(done) == {"dark-summary-is-there": "XFAIL", "dark-licence-is-known": "FAILED"}
    assert "XPASS(strict)" in done.stdout
    assert "shy" in done.stdout


def test_a_key_that_names_no_check_fails_at_collection(suite):
    done = suite({"dark-sumary-is-there": "shy"})
    assert done.returncode != 0
    assert "did you mean dark-summary-is-there" in done.stdout
