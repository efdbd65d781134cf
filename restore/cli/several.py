"""A command in several processes that work together: started, stopped and told of as one."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import IO

import click

from restore.errors import UsageError
from restore.launched import launched
from restore.signals import handled

GRACE = 15.0
"""Seconds that the others have to end by themselves once one has failed."""
PAUSE = 0.1
"""Seconds from one look at the processes to the next."""


@dataclass(frozen=True)
class Child:
    """One of the processes, and where its standard error goes; None: where ours goes."""

    process: subprocess.Popen[bytes]
    told: IO[bytes] | None


def are_running(count: int) -> bool:
    """Whether this is one of ``count`` processes already, which torchrun or ``run`` started.

    Raises:
        UsageError: there are processes, but another number of them, or the environment does not tell which this is.
    """
    there = launched().count
    if there not in (1, count):
        raise UsageError(f"there are {there} processes already, not {count}", "leave --processes out under torchrun")
    return there > 1


def run(count: int, command: Sequence[str]) -> int:
    """Run a command in processes that are told of each other as torchrun tells them; return the exit code.

    Each has a pipe as standard input that is empty, and ends when this process does, however it does. The first talks;
    what another says is shown if it was the first to fail. Signals are passed on to all. When one
    fails the others end too, and the exit code is that one's.
    """
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count))),
    }
    with contextlib.ExitStack() as stack:
        children: list[Child] = []
        stack.callback(_end, children)
        stack.enter_context(_signals_for(children))
        for index in range(count):
            told = stack.enter_context(tempfile.TemporaryFile()) if index else None
            environment = os.environ | shared | {"RANK": str(index), "LOCAL_RANK": str(index)}
            # In a session of its own, so that Ctrl-C reaches each once: from here.
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stderr=told, start_new_session=True
            )
            children.append(Child(process, told))
        failed = _first_failure(children)
        if failed is None:
            return 0
        _explain(children, failed)
        code = children[failed].process.returncode
        return code if code > 0 else 128 - code


def _first_failure(children: Sequence[Child]) -> int | None:
    """Wait until all have ended, or one has failed and the others have had their time; return which failed first."""
    failed, deadline = None, float("inf")
    while time.monotonic() < deadline:
        codes = [child.process.poll() for child in children]
        if None not in codes and failed is None and not any(codes):
            return None
        if failed is None and any(codes):
            failed = next(index for index, code in enumerate(codes) if code)
            deadline = time.monotonic() + GRACE
        if None not in codes:
            break
        time.sleep(PAUSE)
    return failed


def _explain(children: Sequence[Child], failed: int) -> None:
    """Show what a process other than the first said before it failed, unless the first failed likewise and said it.

    1 is the code of all that is no mistake of the call, a lost connection among it, so it does not tell "likewise".
    """
    told, code = children[failed].told, children[failed].process.returncode
    if told is None or (code > 1 and code == children[0].process.returncode):
        return
    told.seek(0)
    text = told.read().decode(errors="replace").strip()
    click.echo(f"process {failed} of {len(children)} ended with code {code}:\n{text}", err=True)


def _end(children: Sequence[Child]) -> None:
    for child in children:
        child.process.kill()
        child.process.wait()
        assert child.process.stdin is not None
        child.process.stdin.close()


@contextlib.contextmanager
def _signals_for(children: Sequence[Child]) -> Iterator[None]:
    """Pass signals on to the children."""

    def forward(number: int, _frame: FrameType | None) -> None:
        for child in children:
            child.process.send_signal(number)

    with handled(forward):
        yield


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
    return port
