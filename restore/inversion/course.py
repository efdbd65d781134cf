"""How far a search has come: what is told of it, and how its time is shared."""

from __future__ import annotations

import time

from restore.contracts import Progress


class Course:
    """The steps that are done and those to come.

    Args:
        seconds: for all steps together; None: no limit.
        progress: called with (done, total), in steps; or None.
    """

    def __init__(self, seconds: float | None, progress: Progress | None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._progress = progress
        self._done = self._end = self._total = 0

    def begin(self, steps: int, left: int) -> float | None:
        """Begin with some of the steps that are left; return when they must end, of ``time.monotonic``, or None.

        They have the share of the time left that they are of the steps left.
        """
        self._end, self._total = self._done + steps, self._done + left
        if self._deadline is None:
            return None
        now = time.monotonic()
        return now + max(0.0, self._deadline - now) * steps / left

    def tick(self) -> None:
        """Tell that a step is done."""
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, max(self._done, self._total))

    def end(self) -> None:
        """End what has begun; steps that were not needed count as done, which is told."""
        if self._done < self._end:
            self._done = self._end - 1
            self.tick()
