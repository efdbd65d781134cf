"""What building a component does to the process."""

from __future__ import annotations

from typing import Any

from restore.testing.check import check, require
from restore.testing.state import RANDOM, State
from restore.testing.subject import Subject

TORCH = RANDOM[0]


@check("building it changes nothing that is global in the process")
def building_changes_nothing_global(subject: Subject) -> None:
    """Build it from two states of the random generators and compare the states after.

    A network may draw its first numbers from torch's generator; it must not seed it.
    """
    import torch
    from torch import nn

    after = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = State.now()
        made = subject.make()
        changed = before.changed()
        after.append(torch.get_rng_state())
        drawn = isinstance(made, nn.Module) and _is_filled(made)
        found = [name for name in changed if not (drawn and name == TORCH)]
        before.put_back()
        require(
            not found,
            expected="building leaves the process as it was",
            found=f"it changes {', '.join(found)}",
            cure="draw from a generator of your own, torch.Generator().manual_seed(...); leave settings to the caller",
        )
    require(
        not after[0].equal(after[1]),
        expected="building does not seed torch's generator",
        found="whatever its state before, it has one and the same state after",
        cure="remove torch.manual_seed from the constructor; what runs the component seeds it",
    )


def _is_filled(module: Any) -> bool:
    return any(True for _ in module.parameters()) or any(True for _ in module.buffers())
