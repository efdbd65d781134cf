"""Surroundings: the random generators, settings and modes of the process that a model runs in."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Model, Observation
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.models.showing import ask, built, distance, fitted, observe, told
from restore.testing.state import RANDOM, State, kept
from restore.testing.subject import Subject

TORCH = RANDOM[0]


@check("what it draws comes from torch's global generator, and only if it is declared stochastic")
def random_draws(subject: Subject) -> None:
    """``seed=`` decides what torch's generator gives and no other; only what is declared stochastic depends on it."""
    module, spec = built(subject)
    seen = observe(spec, fitted(spec, 37, 29))
    (first, changed, after), (second, _, after_second) = (_drawn(module, seen, seed) for seed in (1, 2))
    others = [name for name in changed if name in RANDOM and name != TORCH]
    require(
        not others,
        expected="nothing is drawn from generators that seed= does not reach",
        found=f"a call moves {' and '.join(others)}",
        cure="draw with torch.rand or torch.randn and no generator, or from a generator with a seed of its own",
    )
    if TORCH not in changed:
        require(
            not spec.stochastic,
            expected="stochastic=True: the result depends on the seed",
            found="nothing is drawn from torch's generator",
            cure="leave stochastic out, or let declared() say it where options decide; draw from torch's generator",
        )
        return
    require(
        not torch.equal(after, after_second),
        expected="a call does not seed torch's generator",
        found="whatever its state before a call, it has one and the same state after",
        cure="leave torch.manual_seed to the caller; use torch.random.fork_rng, or a torch.Generator of your own",
    )
    require(
        not torch.equal(first, second),
        expected="torch's generator stays as it was where the result depends on no draw",
        found="its state changed, and two seeds gave one result",
        cure="draw nothing in eval mode, or draw from a torch.Generator of your own",
    )
    require(
        spec.stochastic,
        expected="one result whatever the seed, of a model that does not declare stochastic=True",
        found=f"two seeds gave {told(second, first)}",
        cure="draw nothing in eval mode: F.dropout(x, training=self.training), not F.dropout(x); "
        "a model that samples declares stochastic=True",
    )


@check("a call leaves the settings of the process as they were")
def process_is_left_alone(subject: Subject) -> None:
    """Gradient mode, default type, threads, environment: what a model needs otherwise it sets for a ``with``."""
    module, spec = built(subject)
    seen = observe(spec, fitted(spec, 37, 29))
    changed: list[str] = []
    with kept():
        for grad in (True, False):
            torch.set_grad_enabled(grad)
            before = State.now()
            module(seen)
            changed += [name for name in before.changed() if name not in RANDOM]
            before.put_back()
    require(
        not changed,
        expected="a call leaves the process as it was",
        found=f"{', '.join(dict.fromkeys(changed))} changed",
        cure="set it for the length of a with, as torch.enable_grad() does, or leave it to the caller",
    )


@check("it gives in inference mode what it gives outside")
def inference_mode(subject: Subject) -> None:
    """Torch pipelines call the module so; a model that searches with gradients cannot, and need not."""
    module, spec = built(subject)
    seen = observe(spec, fitted(spec, 37, 29))
    expected = ask(module, seen)
    try:
        with torch.inference_mode():
            inner = Observation(image=seen.image.clone(), mask=None if seen.mask is None else seen.mask.clone())
            output = ask(module, inner).clone()
    except RuntimeError as error:
        if "grad" in str(error) or "backward" in str(error):
            raise Inapplicable("it searches with gradients, for which the runtime leaves inference mode") from error
        raise CheckFailed(
            "the module can be called under torch.inference_mode()",
            str(error).partition("\n")[0],
            "do not use a tensor's version or change what was made outside; work out new tensors",
        ) from error
    require(
        distance(output, expected) == 0,
        expected="the same bits in inference mode and outside",
        found=told(output, expected),
        cure="do not ask for the mode in forward",
    )


def _drawn(module: Model, seen: Observation, seed: int) -> tuple[Tensor, list[str], Tensor]:
    """Return the output, what changed in the process, and the state of torch's generator after."""
    with kept(), torch.no_grad():
        torch.manual_seed(seed)
        before = State.now()
        output = module(seen)
        return output, before.changed(), torch.get_rng_state()
