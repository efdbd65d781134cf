"""The ledger of a run: one line a finished image, on disk before it counts as finished, so that a run can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from restore.benchmark.differences import differences
from restore.errors import InputError, UsageError

FORMAT = 1
NAME = "ledger.jsonl"

Key = tuple[str, ...]
"""What a record is of: model, data set, image, hash of its file ..."""


class Ledger:
    """The finished work of a run folder; a context, within which no other run may write there.

    The first line says what the run is: whatever could change a score. A run that differs in it is refused.
    What a kill has left of a last line is dropped, and that work is done again.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Open the ledger, or begin one.

        Args:
            folder: of the run; it is made.
            identity: what must be the same for results to belong together; JSON can carry it.

        Raises:
            UsageError: the folder is a file, or holds a run of another identity, or one that is going on.
            InputError: the folder cannot be written.
        """
        self.path = folder / NAME
        self._guard = threading.Lock()
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file, and a run needs a folder", "choose another with -o")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _locked(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        try:
            self._records, self.created = self._start(json.loads(json.dumps(identity)))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def get(self, key: Key) -> dict[str, Any] | None:
        """Return what was recorded under a key, the latest; None if nothing was."""
        return self._records.get(key)

    def add(self, key: Key, record: Mapping[str, Any]) -> None:
        """Record a piece of finished work; it is on the disk when this returns. Threads may share a ledger.

        Raises:
            InputError: the disk refuses.
        """
        line = _line({"key": list(key), **record})
        with self._guard:
            self._write(line)
            self._records[key] = json.loads(line)

    def _start(self, identity: dict[str, Any]) -> tuple[dict[Key, dict[str, Any]], str]:
        """Read what is there, cut off what is no whole line, and write the first line if there is none."""
        data = self._file.read()
        whole, lines = _intact(data)
        if b"\n" in data and not lines:
            raise UsageError(f"{self.path} is no ledger, but a file of somebody's", "choose another folder with -o")
        self._file.truncate(whole)
        self._file.seek(whole)
        if not lines:
            created = datetime.now(UTC).isoformat(timespec="seconds")
            self._write(_line({"ledger": FORMAT, "created": created, "identity": identity}))
            return {}, created
        first = lines[0]
        if first.get("ledger") != FORMAT:
            raise UsageError(f"{self.path} is no ledger that this version reads", "choose another folder with -o")
        _refuse_others(self.path.parent, first["identity"], identity)
        return {tuple(line["key"]): line for line in lines[1:]}, first["created"]

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _intact(data: bytes) -> tuple[int, list[dict[str, Any]]]:
    """Return how many bytes are whole lines of JSON from the start on, and these lines."""
    lines: list[dict[str, Any]] = []
    end = 0
    for line in data.splitlines(keepends=True):
        try:
            content = json.loads(line)
        except ValueError:
            break
        if not line.endswith(b"\n") or not isinstance(content, dict) or not {"key", "ledger"} & content.keys():
            break
        lines.append(content)
        end += len(line)
    return end, lines


def _refuse_others(folder: Path, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise UsageError where the run in the folder is another one, and say in what."""
    differing = differences(there, wanted)
    if differing:
        told = "; ".join(f"{name} was {before!r} and is {now!r}" for name, before, now in differing[:3])
        more = f"; and {len(differing) - 3} more" if len(differing) > 3 else ""
        raise UsageError(
            f"{folder} holds a run that cannot be continued: {told}{more}",
            f"choose another folder with -o, or remove {folder}",
        )


def _locked(path: Path) -> BinaryIO:
    """Open a file for reading and writing that no other process has open so. Raises UsageError, OSError."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    with contextlib.suppress(ImportError):  # Windows has no such lock
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UsageError(
                f"another run is writing into {path.parent}", "wait for it, or choose another folder with -o"
            ) from None
    return file


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror or error}", "check the folder and the disk")
