"""Work ahead of the device: the next images are read while it computes. On the CPU they would be in its way."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


class Inline(Executor):
    """Runs work at once, in the caller's thread."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Run it and return its finished future; what interrupts the program passes through."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it
            future.set_exception(error)
        return future


def executor(device: torch.device) -> tuple[Executor, int]:
    """Return what helps a device, and how many pieces of work it may be ahead."""
    if device.type == "cpu":
        return Inline(), 1
    workers = max(1, min(8, (os.cpu_count() or 2) - 1))
    return ThreadPoolExecutor(workers), 2 * workers


def ahead(pool: Executor, work: Callable[[T], R], items: Iterable[T], window: int) -> Iterator[tuple[T, Future[R]]]:
    """Yield each item with the future of its work, in order; never more than ``window`` are on their way."""
    waiting: deque[tuple[T, Future[R]]] = deque()
    for item in items:
        waiting.append((item, pool.submit(work, item)))
        if len(waiting) >= window:
            yield waiting.popleft()
    yield from waiting


class Behind(Generic[R]):
    """Work that follows: waits where too much of it has piled up, and raises what it raised."""

    def __init__(self, pool: Executor, window: int) -> None:
        self._pool = pool
        self._window = window
        self._waiting: deque[Future[R]] = deque()

    def submit(self, work: Callable[..., R], *args: Any) -> list[R]:
        """Hand over a piece of work and return results of earlier ones. Raises what one of these raised."""
        self._waiting.append(self._pool.submit(work, *args))
        return self._results(self._window - 1)

    def finish(self) -> list[R]:
        """Wait for all of it and return what is left of the results. Raises what one of them raised."""
        return self._results(0)

    def _results(self, most: int) -> list[R]:
        """Take results out until no more than ``most`` are waited for."""
        return [self._waiting.popleft().result() for _ in range(len(self._waiting) - most)]
