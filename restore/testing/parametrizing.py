"""The checks of a plugin as tests of pytest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from restore.testing.running import Trial, plan
from restore.testing.selection import Options

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Conformance:
    """A check of a component that pytest calls."""

    trial: Trial

    def __call__(self) -> None:
        """Run the check. Raises CheckFailed; skips the test where the check is inapplicable."""
        __tracebackhide__ = True
        import pytest

        verdict = self.trial.run()
        if verdict.outcome == "inapplicable":
            pytest.skip(verdict.reason)
        if verdict.failure is not None:
            raise verdict.failure

    def __repr__(self) -> str:
        return self.trial.name


def parametrize(
    name: str, *, expected_failures: Mapping[str, str] | None = None, options: Options | None = None
) -> pytest.MarkDecorator:
    """Make a test function that takes ``check`` one test for each check of each component.

    Args:
        name: a distribution, a plugin or a component.
        expected_failures: ``component-check``, as in the tests' ids, -> why it fails. One that passes is a failure.
        options: of components by name, for those that cannot be built without.

    Returns:
        A decorator; ids are ``component-check``.

    Raises:
        RestoreError: an unknown name, a broken plugin, options or expected failures that make no sense.
    """
    import pytest

    return pytest.mark.parametrize(
        "check", [_case(t) for t in plan(name, options=options, expected_failures=expected_failures)]
    )


def _case(trial: Trial) -> Any:
    import pytest

    reason = trial.expected_failure
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(Conformance(trial), id=trial.name, marks=marks)
