"""A plugin imported in a fresh process, and what importing it did."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore.testing.witness import MARK

TIMEOUT = 300
"""Seconds; torch is imported in them, from a slow disk perhaps."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What importing a plugin did."""

    heavy: tuple[str, ...]
    """Heavy libraries that were imported."""
    effects: tuple[str, ...]
    """What was done to the world: ``open('/tmp/x', 'w') in restore_x.plugin line 3``."""
    printed: str
    """What was printed on standard output."""
    error: str
    """What was raised; empty when nothing was."""


def registration(module: str) -> Imported:
    """Import a registration module, ``package.plugin`` or ``package.plugin:object``, and call its hooks."""
    return _probe(("registration", module), tuple(sys.path))


def factories(modules: Sequence[str]) -> Imported:
    """Import the modules of factories, all of them in one process; one that fails does not keep the others from it."""
    if not modules:
        return Imported(heavy=(), effects=(), printed="", error="")
    return _probe(("factories", *modules), tuple(sys.path))


def forget() -> None:
    """Forget what was found before: the code may have changed."""
    _probe.cache_clear()


@functools.cache
def _probe(arguments: tuple[str, ...], path: tuple[str, ...]) -> Imported:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(place or str(Path.cwd()) for place in path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "restore.testing.witness", *arguments],
            capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=TIMEOUT, check=False,
            env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Imported(heavy=(), effects=(), printed="", error=f"it did not end within {TIMEOUT} s")
    head, mark, answer = done.stdout.rpartition(MARK)
    if not mark:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Imported(
            heavy=(), effects=(), printed="", error=f"the process ended with code {done.returncode}: {last}"
        )
    told: dict[str, Any] = json.loads(answer)
    return Imported(
        heavy=tuple(told["heavy"]), effects=tuple(told["effects"]), printed=head.strip(), error=told["error"]
    )
