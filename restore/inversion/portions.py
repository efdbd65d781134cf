"""Work on many rows, so many at a time as memory suffices for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from restore.errors import DeviceError
from restore.runtime.forward import ran_out_of_memory

AT_ONCE = {"cpu": 64}
"""Rows at a time: more do not go faster there, and take more memory."""
ELSEWHERE = 1024

Made = TypeVar("Made")


class Portions:
    """Takes rows in portions, which become smaller where memory does not suffice, and stay so.

    Args:
        device: where the work is done.
        most: rows at a time; None: what suits the device.
    """

    def __init__(self, device: torch.device, most: int | None) -> None:
        self._device = device
        self._most = most or AT_ONCE.get(device.type, ELSEWHERE)

    def number(self, count: int) -> int:
        """Return how many portions so many rows are."""
        return -(-count // self._most)

    def each(self, count: int, work: Callable[[slice], Made]) -> list[Made]:
        """Return what is made of the rows ``0 .. count``, portion by portion.

        Args:
            count: how many there are.
            work: makes something of some rows; it is called again, with half of them, where it runs out of memory.

        Raises:
            DeviceError: memory does not suffice for one row.
        """
        done: list[Made] = []
        first = 0
        while first < count:
            rows = slice(first, min(first + self._most, count))
            try:
                done.append(work(rows))
                first = rows.stop
                continue
            except Exception as error:
                if not ran_out_of_memory(error):
                    raise
                if rows.stop - first == 1:
                    raise DeviceError("memory does not suffice for one search", "take a smaller prior") from error
            # Outside of the handler, so that the traceback no longer holds the failed pass's tensors.
            self._most = (rows.stop - first) // 2
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
        return done
