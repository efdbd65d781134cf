"""What a check is: a function of a subject that returns, or says what was expected, what came, and the cure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restore.testing.subject import Subject


class CheckFailed(AssertionError):  # noqa: N818 - it says what happened
    """A component that is not what it says.

    Args:
        expected: what the contract or the component's own declaration promises.
        found: what came, with numbers.
        cure: how to mend it.
    """

    def __init__(self, expected: str, found: str, cure: str) -> None:
        super().__init__(expected, found, cure)
        self.expected = expected
        self.found = found
        self.cure = cure

    def __str__(self) -> str:
        return f"expected: {self.expected}\n   found: {self.found}\n    cure: {self.cure}"


class Inapplicable(Exception):  # noqa: N818 - it is no error
    """A check that has nothing to say of a component, and why."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One property that every component of a kind must have."""

    name: str
    """``receptive-field``; unique within its kind."""
    summary: str
    """What holds when it passes, in one line."""
    run: Callable[[Subject], None]

    def __call__(self, subject: Subject) -> None:
        """Raises CheckFailed, Inapplicable, and whatever the component itself raises."""
        self.run(subject)


def check(summary: str) -> Callable[[Callable[[Subject], None]], Check]:
    """Make a function a check, named after it: ``batch_equals_singles`` becomes ``batch-equals-singles``.

    Args:
        summary: what holds when it passes, in one line.
    """

    def wrap(function: Callable[[Subject], None]) -> Check:
        return Check(name=function.__name__.strip("_").replace("_", "-"), summary=summary, run=function)

    return wrap


def require(condition: object, *, expected: str, found: str, cure: str) -> None:
    """Raise CheckFailed where a condition does not hold."""
    if not condition:
        raise CheckFailed(expected, found, cure)
