"""The program of the fresh process: import a plugin, watch what that does, print it as JSON.

Connections are refused whoever wants them; files, processes and folders are refused to the plugin's own code and to
what it calls. What a library does while it is imported is the library's affair.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import FrameType
from typing import Any

from restore.discovery import GROUP, HEAVY, PluginRecord, specs_of

MARK = "\n--- witnessed ---\n"
"""Stands between what the plugin printed and the JSON."""
NETWORK = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}
WORLD = {
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chdir",
    "os.putenv", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen",
    "socket.bind",
}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Witness:
    """A hook of the interpreter's auditing.

    Args:
        packages: whose code is watched.
    """

    def __init__(self, packages: set[str]) -> None:
        self.packages = packages
        self.effects: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take down what harms, and refuse it. Raises PermissionError."""
        if event == "open" and not _writes(*arguments):
            return
        if event != "open" and event not in NETWORK and event not in WORLD:
            return
        culprit = self._culprit(sys._getframe(1))
        if event in NETWORK or culprit:
            shown = ", ".join(repr(argument) for argument in arguments[:2] if isinstance(argument, str | bytes | tuple))
            told = f"{event}({shown})" + (f" in {culprit}" if culprit else "")
            self.effects.append(told)
            raise PermissionError(f"{told}: importing a plugin must do nothing to the world")

    def _culprit(self, frame: FrameType | None) -> str:
        """Return the line of the plugin that is responsible; none if a library is being imported meanwhile."""
        for one in _outwards(frame):
            name = one.f_globals.get("__name__", "")
            if name in ("importlib._bootstrap", "_frozen_importlib"):
                return ""
            if name.partition(".")[0] in self.packages:
                return f"{name} line {one.f_lineno}"
        return ""


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _writes(path: Any = "", mode: Any = "", flags: Any = 0, *_: Any) -> bool:
    if isinstance(path, int) or str(path) == os.devnull or "__pycache__" in str(path):
        return False
    return bool(flags & WRITING) if isinstance(flags, int) else any(letter in str(mode) for letter in "wax+")


def watch(kind: str, names: list[str]) -> dict[str, Any]:
    """Import and return what happened.

    Args:
        kind: ``registration``, whose hooks are called too, or ``factories``.
        names: of modules.
    """
    witness = Witness({name.partition(":")[0].partition(".")[0] for name in names})
    absent = [name for name in HEAVY if name not in sys.modules]
    errors = []
    sys.addaudithook(witness)
    for name in names:
        try:
            if kind == "registration":
                record = PluginRecord(name="probed", distribution="probed", version="", module=name)
                list(specs_of(record, EntryPoint(name="probed", value=name, group=GROUP)))
            else:
                importlib.import_module(name)
        except BaseException as raised:  # noqa: BLE001 - sys.exit() at import is what is looked for
            errors.append(f"{type(raised).__name__}: {raised}")
    heavy = [name for name in absent if name in sys.modules]
    return {"heavy": heavy, "effects": list(witness.effects), "error": "; ".join(errors)}


if __name__ == "__main__":
    told = watch(sys.argv[1], sys.argv[2:])
    sys.stdout.write(MARK + json.dumps(told))
