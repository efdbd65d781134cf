"""Sharing: threads and processes use a model, and the caller goes on using what it was given."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from restore.contracts import Observation
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.models.showing import (
    NOISE,
    ask,
    built,
    distance,
    fitted,
    holes,
    observe,
    restorer_of,
    told,
)
from restore.testing.subject import Subject

THREADS = 4
ROUNDS = 3
"""How often each thread asks for each image."""
PAUSE = 1e-4
"""Seconds before each call of torch in which another thread gets its turn."""


class _Yielding(TorchFunctionMode):
    """Lets other threads in before each call of torch, so that what they could mix up they do, in any run."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        time.sleep(PAUSE)
        return func(*args, **(kwargs or {}))


@check("threads may share it: each gets what it would get alone")
def thread_safe(subject: Subject) -> None:
    """Four threads ask about images of two sizes in turn, and give way to each other before each call of torch."""
    module, spec = built(subject)
    sizes = [fitted(spec, 24, 17), fitted(spec, 19, 30)]
    seen = [observe(spec, sizes[index % 2], seed=index) for index in range(THREADS)]
    if spec.stochastic:
        raise Inapplicable("it is stochastic, and draws from a generator that the threads share")
    alone = [ask(module, one) for one in seen]
    start = threading.Barrier(THREADS)

    def work(first: int) -> list[tuple[int, Tensor]]:
        start.wait()
        turns = [(first + turn) % len(seen) for turn in range(ROUNDS * len(seen))]
        with _Yielding():
            return [(index, ask(module, seen[index], seed=None)) for index in turns]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            made = [pair for found in pool.map(work, range(THREADS)) for pair in found]
    except Exception as error:
        raise CheckFailed(
            f"{THREADS} threads can use the model at once",
            f"{type(error).__name__}: {error}",
            "keep what forward works out in local variables, not on self",
        ) from error
    finally:
        sys.setswitchinterval(interval)
    wrong = [(output, alone[index]) for index, output in made if distance(output, alone[index]) > NOISE]
    require(
        not wrong,
        expected=f"{THREADS} threads that share the model get what they get one after the other, to {NOISE:g}",
        found=f"{len(wrong)} of {len(made)} results are others: {told(*wrong[0]) if wrong else ''}",
        cure="keep what forward works out in local variables, not on self or in a module's globals",
    )


@check("the image and the mask that it is given are not written to")
def inputs_are_left_alone(subject: Subject) -> None:
    """The caller's tensors are the caller's."""
    module, spec = built(subject)
    seen = observe(spec, fitted(spec, 37, 29))
    mask = holes(1, fitted(spec, 37, 29)) if seen.mask is None else seen.mask.clone()
    given = Observation(image=seen.image.clone(), mask=None if seen.mask is None else mask.clone())
    ask(module, given)
    changed = [not torch.equal(given.image, seen.image)]
    changed += [given.mask is not None and not torch.equal(given.mask, mask)]
    require(
        not any(changed),
        expected="the observation is after the call what it was before",
        found=f"its {' and its '.join(n for n, c in zip(('image', 'mask'), changed, strict=True) if c)} was written to",
        cure="use x = x.clamp(0, 1) instead of x.clamp_(0, 1), and clone before you assign to a slice",
    )


@check("a Restorer of it can be pickled, and restores the same afterwards")
def pickles(subject: Subject) -> None:
    """One that was made by hand pickles with its module."""
    restorer = restorer_of(subject)
    try:
        copy = pickle.loads(pickle.dumps(restorer))
    except Exception as error:
        raise CheckFailed(
            "the module can be pickled and read again",
            f"{type(error).__name__}: {error}",
            "keep no lambda, lock, open file or class defined inside a function on the module; or give it __getstate__",
        ) from error
    size = fitted(restorer.spec, 37, 29)
    seen = observe(restorer.spec, size)
    mask = holes(1, size) if restorer.spec.task == "inpainting" else None
    output, expected = (one(seen.image, mask=mask, seed=0) for one in (copy, restorer))
    require(
        distance(output, expected) == 0,
        expected="a pickled Restorer gives the bits of the one that it was made from",
        found=told(output, expected),
        cure="let __getstate__ and __setstate__ carry all that forward uses",
    )
