"""Seeds for models that draw at random."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from restore.seeds import check_seed

_seeded = threading.Lock()


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Seed torch and put the state of its generators back afterwards; None does nothing.

    That state belongs to the process, so one seeded call at a time is let in.

    Raises:
        UsageError: a number that is no seed.
    """
    if seed is None:
        yield
        return
    check_seed(seed)
    devices = [device] if device.type == "cuda" else []
    with _seeded, torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
