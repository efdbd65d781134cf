"""Seeds: which numbers are one, and one for who has none."""

from __future__ import annotations

from restore.errors import UsageError

SEEDS = 2**63
"""Seeds lie from 0 to below this."""
RANGE = "0 to 2**63 - 1"
DRAWN = 2**31
"""Seeds that are drawn lie below this."""


def check_seed(seed: int) -> None:
    """Raise UsageError for a number that is no seed."""
    if not 0 <= seed < SEEDS:
        raise UsageError(f"{seed} is no seed", f"a seed is a whole number from {RANGE}")


def drawn_seed(seed: int | None) -> int:
    """Return a seed; for None one that torch's generator of the process draws, which ``--seed`` sets."""
    import torch

    return int(torch.randint(DRAWN, ())) if seed is None else seed
