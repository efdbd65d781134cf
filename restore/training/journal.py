"""The record of a run: lines of JSON, the same curves in TensorBoard, progress on the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
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


class Journal:
    """Writes ``log.jsonl`` and TensorBoard events into the run folder and tells the terminal.

    A resumed run drops the entries after its checkpoint, so that no step is recorded twice. TensorBoard is
    optional: without it the JSONL file has everything.
    """

    def __init__(self, folder: Path, *, start: int, steps: int, quiet: bool = False) -> None:
        self.path = folder / "log.jsonl"
        _keep_before(self.path, start)
        self.console = Console(stderr=True, quiet=quiet)
        self.board = _board(folder, start)
        if self.board is None:
            self.console.print("TensorBoard is absent; curves go to log.jsonl only (pip install tensorboard)")
        self.begun = time.perf_counter()
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.progress = Progress(
            TextColumn("{task.description}"),
            *columns,
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self.task = self.progress.add_task("training", total=steps, completed=start)
        self.progress.start()

    def advance(self, step: int, loss: float) -> None:
        """Move the progress bar to a finished step."""
        self.progress.update(self.task, completed=step, description=f"loss {loss:.5f}")

    def record(self, step: int, values: Mapping[str, float], *, say: bool = False) -> None:
        """Append an entry; ``say`` also prints it."""
        entry: dict[str, Any] = {
            "step": step,
            "seconds": round(time.perf_counter() - self.begun, 2),
            **values,
        }
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)
        if say:
            listed = "  ".join(f"{name} {value:.5g}" for name, value in values.items())
            self.console.print(f"step {step}  {listed}", highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Print a line for people."""
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def close(self) -> None:
        """Flush everything."""
        self.progress.stop()
        if self.board is not None:
            self.board.close()


def _keep_before(path: Path, start: int) -> None:
    if not path.exists():
        return
    lines = [line for line in path.read_text().splitlines() if _step(line) <= start] if start else []
    temporary = path.with_suffix(".tmp")
    temporary.write_text("".join(f"{line}\n" for line in lines))
    temporary.replace(path)


def _step(line: str) -> float:
    """The step of an entry; a line cut short by a crash counts as the future and is dropped."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError):
        return float("inf")


def _board(folder: Path, start: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=start + 1 if start else None)
