"""Stored: a model's state on its way through a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from restore import weights as store
from restore.errors import WeightsError
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.models.showing import ask, built, distance, fitted, observe, told
from restore.testing.subject import Subject


@check("its state goes through a safetensors file into another copy, which then gives the same bits")
def state_goes_through_safetensors(subject: Subject) -> None:
    """What the result depends on is in the state, or follows from the options: nothing is left to the seed."""
    module, spec = built(subject)
    state = module.state_dict()
    if not state:
        raise Inapplicable("it has no state")
    foreign = [name for name, value in state.items() if not isinstance(value, torch.Tensor)]
    require(
        not foreign,
        expected="the state holds tensors alone",
        found=f"{foreign[0] if foreign else ''} is a {type(state[foreign[0]]).__name__ if foreign else ''}",
        cure="leave get_extra_state out: a file of weights carries no objects; make them options",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)  # numbers that are not in the state are others
        copy = subject.make().eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        store.write(path, state, {})
        read, _ = store.read(path)
    try:
        store.fill(copy, read, "the state of one copy")
    except WeightsError as error:
        raise CheckFailed(
            "the state of one copy fills another",
            error.message,
            "let names and shapes of parameters and buffers follow from the options alone",
        ) from error
    seen = observe(spec, fitted(spec, 37, 29))
    output, expected = ask(copy, seen), ask(module, seen)
    require(
        distance(output, expected) == 0,
        expected="a copy that was filled from the file gives the same bits",
        found=told(output, expected),
        cure="register all tensors that the result depends on as parameters or persistent buffers, in float32",
    )
