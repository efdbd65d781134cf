"""How a loss, a metric or a prior behaves: it repeats itself, and leaves its inputs and the process as they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from restore.testing.check import require
from restore.testing.state import kept


def require_repetition(ask: Callable[[], Tensor]) -> None:
    """Ask twice, under two states of torch's generator. Raises CheckFailed where the bits differ."""
    with kept():
        answers = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            answers.append(ask().detach())
    require(
        torch.equal(*answers),
        expected="two calls give the same bits",
        found=f"{answers[0].tolist()}, then {answers[1].tolist()}",
        cure="draw nothing and remember nothing between calls; dropout is off in eval mode",
    )


def require_inputs_kept(given: Mapping[str, Tensor], ask: Callable[[], Any]) -> None:
    """Ask. Raises CheckFailed where one of the tensors, by name, is not what it was, bit for bit."""
    before = {name: tensor.clone() for name, tensor in given.items()}
    ask()
    for name, then in before.items():
        require(
            torch.equal(then, given[name]),
            expected=f"{name}: the same after the call",
            found=f"it changed by up to {float((then.double() - given[name].double()).abs().max()):.3g}",
            cure="use no operation in place, such as mul_() or [...] =, on what was given",
        )


def require_process_kept(run: Callable[[], Any]) -> None:
    """Run, with gradients recorded and without. Raises CheckFailed where something global is not what it was."""
    for recorded in (True, False):
        with kept(), torch.set_grad_enabled(recorded), kept() as before:
            run()
            changed = before.changed()
        require(
            not changed,
            expected="nothing of the process changes",
            found=f"changed: {', '.join(changed)}",
            cure="use a generator of your own and context managers: torch.no_grad(), torch.random.fork_rng()",
        )
