"""Copies of a component: pickled for the workers of a data loader, copied for another thread or device."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

from restore.testing.check import CheckFailed, check, require
from restore.testing.subject import Subject


@check("it can be pickled and deep-copied, and copies hold the same numbers")
def copies_are_true(subject: Subject) -> None:
    """Copy it in both ways."""
    made = subject.build()
    ways: dict[str, Callable[[Any], Any]] = {"pickled": _pickled, "deep-copied": copy.deepcopy}
    for how, copied in ways.items():
        try:
            twin = copied(made)
        except Exception as error:
            raise CheckFailed(
                f"{type(made).__name__} can be {how}",
                f"{type(error).__name__}: {error}{_culprit(made, copied)}",
                "no lambdas, open files, locks or functions within functions as attributes; classes at module level",
            ) from error
        require(
            type(twin) is type(made),
            expected=f"a {how} {type(made).__name__} is one",
            found=f"it is a {type(twin).__name__}",
            cure="check __reduce__ and __deepcopy__",
        )
        different = _differences(made, twin)
        require(
            not different,
            expected=f"a {how} {type(made).__name__} holds the same numbers",
            found=f"it differs in {', '.join(different[:3])}",
            cure="keep numbers in parameters and buffers; check __getstate__ and __deepcopy__",
        )


def _pickled(made: Any) -> Any:
    return pickle.loads(pickle.dumps(made))


def _culprit(made: Any, copied: Callable[[Any], Any]) -> str:
    """Name the attribute that cannot be copied, where there is one."""
    for name, value in getattr(made, "__dict__", {}).items():
        try:
            copied(value)
        except Exception:  # noqa: BLE001 - whatever copying it raises
            return f", because of the attribute {name!r}"
    return ""


def _differences(made: Any, twin: Any) -> list[str]:
    from torch import nn

    if not isinstance(made, nn.Module):
        return []
    first, second = made.state_dict(), twin.state_dict()
    return [
        name
        for name in first | second
        if name not in first or name not in second or not _equal(first[name], second[name])
    ]


def _equal(first: Any, second: Any) -> bool:
    import torch

    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return first.dtype == second.dtype and torch.allclose(first, second, rtol=0, atol=0, equal_nan=True)
    return bool(first == second)
