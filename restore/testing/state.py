"""What is global in a process: generators of random numbers, flags of torch, the environment, the working folder.

A component must leave it alone, and a check puts it back.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OF_TORCH = ("TORCHINDUCTOR_", "TORCH_", "KMP_")
"""Beginnings of variables that torch sets by itself when a part of it is first imported."""
RANDOM = ("torch's random generator", "numpy's random generator", "Python's random generator")


@dataclass(frozen=True)
class State:
    """The global state of the process at one moment."""

    values: Mapping[str, Any]

    @classmethod
    def now(cls) -> State:
        """Take it down."""
        import numpy as np
        import torch

        return cls(
            {
                "torch's random generator": torch.get_rng_state(),
                "numpy's random generator": np.random.get_state(),
                "Python's random generator": random.getstate(),
                "torch.is_grad_enabled()": torch.is_grad_enabled(),
                "torch.get_default_dtype()": torch.get_default_dtype(),
                "torch.get_num_threads()": torch.get_num_threads(),
                "torch.are_deterministic_algorithms_enabled()": torch.are_deterministic_algorithms_enabled(),
                "os.environ": _environment(),
                "the working folder": Path.cwd(),
            }
        )

    def changed(self) -> list[str]:
        """Return what is no longer as it was, in words."""
        now = State.now().values
        return [name for name, value in self.values.items() if not _same(value, now[name])]

    def put_back(self) -> None:
        """Make everything as it was; what did not change is not touched."""
        import numpy as np
        import torch

        setters: dict[str, Any] = {
            "torch's random generator": torch.set_rng_state,
            "numpy's random generator": np.random.set_state,
            "Python's random generator": random.setstate,
            "torch.is_grad_enabled()": torch.set_grad_enabled,
            "torch.get_default_dtype()": torch.set_default_dtype,
            "torch.get_num_threads()": torch.set_num_threads,
            "torch.are_deterministic_algorithms_enabled()": torch.use_deterministic_algorithms,
            "os.environ": _set_environment,
            "the working folder": os.chdir,
        }
        for name in self.changed():
            setters[name](self.values[name])


@contextmanager
def kept() -> Iterator[State]:
    """Put the global state back after a block; yields the state before it."""
    before = State.now()
    try:
        yield before
    finally:
        before.put_back()


def _environment() -> dict[str, str]:
    """Return the variables that are not torch's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OF_TORCH)}


def _set_environment(values: Mapping[str, str]) -> None:
    for name in _environment().keys() - values.keys():
        del os.environ[name]
    os.environ.update(values)


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    equal = first == second
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)
