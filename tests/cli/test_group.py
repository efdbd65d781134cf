"""The frame of the command line: help without imports, near names, exit codes, broken pipes, interrupts."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from PIL import Image

from restore import errors
from restore.cli import COMMANDS, cli
from restore.cli.group import ErrorBoundary

RAISED: list[BaseException] = []


@click.command()
@click.argument("words", nargs=-1)
def fails(words):
    """Raise what the test put there."""
    raise RAISED[-1]


@click.command()
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def echo(words):
    click.echo(" ".join(words))


LAZY = {
    "fails": (f"{__name__}:fails", "Fail."),
    "echo": (f"{__name__}:echo", "Repeat."),
    "gone": ("absent_module:x", "Be gone."),
}


@click.group(cls=ErrorBoundary, lazy=LAZY, switches=("--debug",))
@click.option("--debug", is_flag=True)
def frame(debug):
    """A group for the tests."""


@pytest.fixture
def invoke(monkeypatch):
    monkeypatch.delenv("RESTORE_STRICT", raising=False)
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())

    def run(*arguments, error=None):
        if error is not None:
            RAISED.append(error)
        return CliRunner().invoke(frame, arguments)

    return run


def _this_module():
    import types

    module = types.ModuleType(__name__)
    module.__dict__.update(globals())
    return module


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RestoreError("wrong", "mend it"), 1), (errors.InputError("wrong", "mend it"), 1),
        (errors.UsageError("wrong", "mend it"), 2), (errors.PluginError("wrong", "mend it"), 3),
        (errors.UnknownNameError("wrong", "mend it"), 3), (errors.WeightsError("wrong", "mend it"), 4),
        (errors.DeviceError("wrong", "mend it"), 5),
    ],
)  # fmt: skip
def test_an_error_leaves_with_its_code_and_its_cure(invoke, error, code):
    result = invoke("fails", error=error)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", "error: wrong\n  mend it\n")


def test_an_interrupt_leaves_with_130(invoke):
    result = invoke("fails", error=KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "\ninterrupted\n")


def test_a_bug_is_one_line_and_says_how_to_see_more(invoke):
    result = invoke("fails", error=ZeroDivisionError("by nothing\nat all"))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == "error: ZeroDivisionError: by nothing"
    assert "--debug shows the traceback" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_trouble_with_a_file_is_no_bug(invoke, code):
    result = invoke("fails", error=OSError(code, os.strerror(code), "out/a.png"))
    assert (result.exit_code, result.stderr) == (1, f"error: out/a.png: {os.strerror(code)}\n")


@pytest.mark.parametrize("arguments", [("--debug", "fails"), ("fails", "--debug"), ("fails", "a", "--debug", "b")])
def test_debug_stands_anywhere_and_shows_the_traceback(invoke, arguments):
    result = invoke(*arguments, error=errors.PluginError("wrong"))
    assert result.exit_code == 3
    assert "Traceback" in result.stderr
    assert "error: wrong" in result.stderr


def test_what_follows_two_hyphens_is_left_alone(invoke):
    assert invoke("echo", "--", "--debug").stdout == "--debug\n"


def test_strict_mode_shows_the_traceback(invoke, monkeypatch):
    monkeypatch.setenv("RESTORE_STRICT", "1")
    assert "Traceback" in invoke("fails", error=ValueError("wrong")).stderr


@pytest.mark.parametrize(("typed", "near"), [("lst", "list"), ("metrics", "metric"), ("doctr", "doctor")])
def test_an_unknown_command_tells_near_ones(typed, near):
    result = CliRunner().invoke(cli, [typed])
    assert result.exit_code == 2
    assert f"No such command '{typed}'. Did you mean {near}" in result.stderr


def test_help_lists_every_command_and_imports_none(invoke):
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.split("Commands:\n")[1].splitlines()[: len(COMMANDS)]] == list(
        COMMANDS
    )
    assert "gone" in invoke("--help").stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_in_80_columns(name):
    result = CliRunner().invoke(cli, [name, "--help"], terminal_width=80)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_reader_that_leaves_is_no_error():
    """``restore list --json | head``: quiet, and the code that shells give to a broken pipe."""
    program = "import sys; from restore.cli import main; sys.stdin.read(); main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "list", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "RESTORE_PLUGINS": "degradations"},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_json_is_alone_on_standard_output_whatever_a_model_prints(site, tmp_path):
    site.install(
        "restore-chatty",
        """
        from restore.plugin import ModelSpec, hookimpl

        @hookimpl
        def restore_models():
            return [ModelSpec(name="chatty", factory="restore_chatty.parts:Chatty", task="denoising", channels=(1, 3))]
        """,
        files={
            "parts.py": "from restore.contracts import Model\n\n\nclass Chatty(Model):\n"
            "    def forward(self, observation):\n        print('hello')\n        return observation.image\n"
        },
    )
    photo = tmp_path / "photo.png"
    Image.new("RGB", (8, 8)).save(photo)
    done = site.run("run", "chatty", str(photo), "-o", str(tmp_path / "out.png"), "--json")
    assert json.loads(done.stdout)["summary"] == {"restored": 1, "failed": 0, "skipped": 0}
    assert "hello" in done.stderr
