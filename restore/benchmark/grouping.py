"""Images that go through a model together: neighbours of one shape, and each alone where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from torch import Tensor

from restore.benchmark.cases import Case
from restore.benchmark.pixels import to_tensor
from restore.benchmark.timing import Clock, Timed
from restore.runtime import Restorer

T = TypeVar("T")
Restored = tuple[Case, Timed[Tensor]]
"""A case and its result, ``(1, C, H, W)``, uint8 where the model was given that."""


def alike(found: Iterable[tuple[T, Future[Case]]], most: int) -> Iterator[list[tuple[T, Future[Case]]]]:
    """Yield items that follow each other and whose cases have one shape, at most so many; a failed one is alone."""
    group: list[tuple[T, Future[Case]]] = []
    common: tuple[int, ...] | None = None
    for item, future in found:
        own = None if future.exception() else _shape(future.result())
        if group and (own is None or own != common or len(group) == most):
            yield group
            group = []
        group.append((item, future))
        common = own
    if group:
        yield group


def together(
    model: Callable[[Case], Restorer], group: Sequence[Future[Case]], clock: Clock
) -> list[Restored | Exception]:
    """Restore cases of one shape at once; if that fails, each alone, so that the fault finds its image.

    Args:
        model: what restores a case; of several it is asked for the first.
        group: the cases.
        clock: times them. The seconds of each are its share.
    """
    try:
        cases = [future.result() for future in group]
        timed = clock.measure(partial(_restored, model(cases[0]), cases), (*_shape(cases[0]), len(cases)))
    except Exception as error:  # noqa: BLE001 - whatever a model raises costs only its image
        if len(group) == 1:
            return [error]
        return [one for future in group for one in together(model, [future], clock)]
    return [(case, timed.share(result, len(cases))) for case, result in zip(cases, timed.result, strict=True)]


def _restored(restorer: Restorer, cases: Sequence[Case]) -> list[Tensor]:
    """Return ``(1, C, H, W)`` of each; one alone may draw with its own seed. Raises RestoreError."""
    if len(cases) == 1:
        outcomes = [restorer.restore(cases[0].degraded, mask=cases[0].mask, seed=cases[0].own_seed)]
    else:
        masks = None if cases[0].mask is None else [case.mask for case in cases]
        outcomes = [*restorer.map([case.degraded for case in cases], masks=masks, batch_size=len(cases))]
    results = []
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
        assert outcome.photo is not None
        results.append(to_tensor(outcome.photo))
    return results


def _shape(case: Case) -> tuple[int, ...]:
    """Return what decides which kernels a model runs: the shape of its input, and whether it has a mask."""
    return (*case.degraded.pixels.shape, case.mask is not None)
