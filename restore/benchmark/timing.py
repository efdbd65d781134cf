"""How long a model takes and how much memory: warmed up, synchronised, and nothing but the model in it."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")

LONG = 5.0
"""Seconds beyond which a first run needs no second: what a warm-up saves would not show."""


@dataclass(frozen=True, kw_only=True)
class Timed(Generic[T]):
    """A result and what it took."""

    result: T
    seconds: float
    """Wall time of one run, the median of the repeats, transfers to and from the device included."""
    repeats: int
    peak_device_bytes: int | None
    """Most memory that tensors took on a GPU at a time, all that lived there before included; None on the CPU."""
    peak_host_bytes: int | None
    """Most memory of the process while it ran, all that lived before included; None where that is not known."""
    batch: int = 1
    """Images that were restored together; the seconds are this one's share."""

    def share(self, result: R, of: int) -> Timed[R]:
        """Return one of so many results that were made together."""
        return Timed(
            result=result, seconds=self.seconds / of, repeats=self.repeats, batch=of,
            peak_device_bytes=self.peak_device_bytes, peak_host_bytes=self.peak_host_bytes,
        )  # fmt: skip


class Clock:
    """Times runs on a device. The first run of each shape is a warm-up that does not count."""

    def __init__(self, device: torch.device, repeats: int = 1) -> None:
        self.device = device
        self.repeats = repeats
        self._warm: set[Hashable] = set()

    def measure(self, run: Callable[[], T], shape: Hashable) -> Timed[T]:
        """Run something and time it.

        Args:
            run: what is timed; the result of its last run is returned.
            shape: of its input. Libraries choose kernels and reserve memory by shape.
        """
        _reset_peaks(self.device)
        seconds: list[float] = []
        if shape not in self._warm:
            result, first = self._once(run)
            self._warm.add(shape)
            seconds = [first] if first > LONG else []
        while len(seconds) < self.repeats:
            result, spent = self._once(run)
            seconds.append(spent)
        return Timed(
            result=result,
            seconds=statistics.median(seconds),
            repeats=len(seconds),
            peak_device_bytes=_device_peak(self.device),
            peak_host_bytes=host_peak(),
        )

    def _once(self, run: Callable[[], T]) -> tuple[T, float]:
        synchronize(self.device)
        begun = time.perf_counter()
        result = run()
        synchronize(self.device)
        return result, time.perf_counter() - begun


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the quartiles of at least one value, interpolated as numpy does."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _reset_peaks(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # no Linux, or no permission: the peak is then that of the process so far
        return


def _device_peak(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def host_peak() -> int | None:
    """Return the most resident memory of this process in bytes, on Linux since the last reset."""
    try:
        status = Path("/proc/self/status").read_text()
        [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(kilobytes) * 1024
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
