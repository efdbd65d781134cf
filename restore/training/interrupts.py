"""Ctrl-C, a polite kill and a terminal that is closed, honoured between steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from restore.signals import handled


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn signals to stop into a request, honoured between steps; a second one kills. What is ignored stays so."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def request(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    with handled(request):
        yield lambda: bool(asked)
