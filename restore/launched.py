"""Which of several processes this is, as torchrun and ``restore train --processes`` tell each."""

from __future__ import annotations

import os
from dataclasses import dataclass

from restore.errors import UsageError

NAMES = ("RANK", "LOCAL_RANK", "WORLD_SIZE")


@dataclass(frozen=True, kw_only=True)
class Place:
    """The place of a process among those that work together."""

    index: int = 0
    local: int = 0
    """Its index among those of its machine."""
    count: int = 1


def launched() -> Place:
    """Return the place that the environment tells; the only one where it tells nothing.

    Raises:
        UsageError: the environment tells a part of it, or what cannot be.
    """
    told = {name: os.environ[name] for name in NAMES if name in os.environ}
    if not told:
        return Place()
    if len(told) == len(NAMES) and all(value.isdecimal() for value in told.values()):
        index, local, count = (int(told[name]) for name in NAMES)
        if max(index, local) < count:
            return Place(index=index, local=local, count=count)
    raise UsageError(
        f"the environment has {', '.join(f'{name}={value}' for name, value in told.items())}, which places no process",
        f"unset {' '.join(told)}; or start with torchrun, which sets {', '.join(NAMES)}",
    )
