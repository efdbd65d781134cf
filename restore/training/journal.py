"""The record of a run: lines of JSON, the same curves in TensorBoard, progress on the terminal."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import Tensor

from restore.training.replacing import replacing, unwritable

VALIDATION = "validation/"
"""What the names of scores begin with."""


class Journal:
    """Writes ``log.jsonl`` and TensorBoard events into the run folder and tells the terminal.

    It only talks until ``open`` gives it a run folder, so that a run which is refused leaves no trace.
    TensorBoard is optional: without it the JSONL file has everything.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet)
        self.path: Path | None = None
        self.board: Any = None
        self.begun = time.perf_counter()
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.progress = Progress(
            TextColumn("{task.description}"),
            *columns,
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self.task: Any = None
        self.progress.start()

    def reading(self) -> Callable[[int, int], None]:
        """Return what shows how many of the images are read; it is called with (done, total)."""
        task = self.progress.add_task("reading images", total=None, visible=False)

        def report(done: int, total: int) -> None:
            self.progress.update(task, completed=done, total=total, visible=done < total)

        return report

    def open(self, folder: Path, *, start: int, steps: int) -> None:
        """Begin to record. A resumed run drops the entries after its checkpoint: no step is recorded twice.

        Raises:
            RestoreError: the folder cannot be written.
        """
        path = folder / "log.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        _keep_before(path, start, steps)
        self.path, self.board = path, _board(folder, start)
        if self.board is None:
            self.say("TensorBoard is absent; curves go to log.jsonl only (pip install tensorboard)")
        self.begun = time.perf_counter()
        self.task = self.progress.add_task("training", total=steps, completed=start)

    def advance(self, step: int, loss: float) -> None:
        """Move the progress bar to a finished step."""
        self.progress.update(self.task, completed=step, description=f"loss {loss:.5f}")

    def record(self, step: int, values: Mapping[str, float], *, say: bool = False) -> None:
        """Append an entry; ``say`` also prints it. A value that is not finite becomes text, as JSON has none.

        Raises:
            RestoreError: the log cannot be written.
        """
        assert self.path is not None, "a journal is opened before it records"
        entry: dict[str, Any] = {
            "step": step,
            "seconds": round(time.perf_counter() - self.begun, 2),
            **{key: value if math.isfinite(value) else str(value) for key, value in values.items()},
        }
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, allow_nan=False) + "\n")
        except OSError as error:
            raise unwritable(self.path, error) from error
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)
        if say:
            listed = "  ".join(f"{name} {value:.5g}" for name, value in values.items())
            self.console.print(f"step {step}  {listed}", highlight=False, soft_wrap=True)

    def show(self, step: int, picture: Tensor) -> None:
        """Show a picture in TensorBoard, uint8 ``(3, H, W)``."""
        if self.board is not None:
            self.board.add_image("pictures", picture, step)

    def say(self, text: str) -> None:
        """Print a line for people."""
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def close(self) -> None:
        """Flush everything."""
        self.progress.stop()
        if self.board is not None:
            self.board.close()


def _keep_before(path: Path, start: int, steps: int) -> None:
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if start else []
    with replacing(path) as temporary:
        kept = "".join(f"{line}\n" for line in lines if _stays(line, start, steps))
        temporary.write_text(kept, encoding="utf-8")


def _stays(line: str, start: int, steps: int) -> bool:
    """Whether an entry is of the past. One that a crash cut short is not; the last scores are measured again."""
    try:
        entry = json.loads(line)
        step = int(entry["step"])
    except (ValueError, KeyError, TypeError):
        return False
    measured = any(key.startswith(VALIDATION) for key in entry)
    return step <= start and not (step == steps and measured)


def _board(folder: Path, start: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=start + 1 if start else None)
