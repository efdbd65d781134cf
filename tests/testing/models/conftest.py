"""A check asked about a model that is written in the test module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from restore.plugin import ModelSpec
from restore.testing.check import Check, CheckFailed
from restore.testing.state import kept

Judged = Callable[..., str | None]


@pytest.fixture
def judged(subject_of) -> Judged:
    """Return what a check says of a class of models that declares this: None if it passes."""

    def judged(check: Check, made: Any, **declared: Any) -> str | None:
        factory = f"{made.__module__}:{made.__qualname__}"
        spec = ModelSpec(name="subject", factory=factory, **{"task": "denoising", **declared})
        try:
            with kept():
                check(subject_of(spec))
        except CheckFailed as failure:
            return str(failure)
        return None

    return judged
