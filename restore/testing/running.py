"""Running checks: each ends in a verdict, whatever the component does."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from restore.errors import UsageError
from restore.testing.blame import blame
from restore.testing.check import Check, CheckFailed, Inapplicable
from restore.testing.kinds import checks_of
from restore.testing.selection import Labelled, Options, did_you_mean, of_component, of_plugin, select
from restore.testing.state import kept

Outcome = Literal["passed", "failed", "inapplicable", "expected failure", "unexpectedly passed"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one check of one component."""

    component: str
    """Its name; with its kind before it, ``model-bicubic``, where components of two kinds share one."""
    kind: str
    check: str
    summary: str
    """What holds when the check passes."""
    outcome: Outcome
    reason: str = ""
    """Why it is inapplicable, or why a failure was expected."""
    failure: CheckFailed | None = None
    """Where it failed: what was expected, what was found, the cure; its cause, if the component raised."""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is to be done: it neither failed nor passed against expectation."""
        return self.outcome not in ("failed", "unexpectedly passed")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One check of one component, to be run."""

    target: Labelled
    check: Check
    expected_failure: str = ""
    """Why it may fail; empty: it must not."""
    excusable: bool = False
    """Whether ``factory-builds`` is run too: where the component cannot be built, that one fails and this is left."""

    @property
    def name(self) -> str:
        """``dncnn-receptive-field``."""
        return f"{self.target.label}-{self.check.name}"

    def run(self) -> Verdict:
        """Run it and put the global state of the process back; only an interrupt gets out."""
        start = time.perf_counter()
        outcome: Outcome = "unexpectedly passed" if self.expected_failure else "passed"
        reason, failure = self.expected_failure, None
        try:
            # What a component prints must not end up in front of JSON.
            with kept(), contextlib.redirect_stdout(sys.stderr):
                self.check(self.target.subject)
        except Inapplicable as inapplicable:
            outcome, reason = "inapplicable", str(inapplicable)
        except CheckFailed as failed:
            outcome, failure = "expected failure" if self.expected_failure else "failed", failed
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - sys.exit() and panics of compiled extensions are no Exception
            if self.excusable and not self._is_built():
                outcome, reason = "inapplicable", "it is not built: factory-resolves or factory-builds says why"
            else:
                outcome = "expected failure" if self.expected_failure else "failed"
                failure = blame(error, self.check.summary, self.target.subject.package)
        return Verdict(
            component=self.target.label,
            kind=self.target.subject.spec.kind,
            check=self.check.name,
            summary=self.check.summary,
            outcome=outcome,
            reason=reason,
            failure=failure,
            seconds=time.perf_counter() - start,
        )

    def _is_built(self) -> bool:
        with kept(), contextlib.redirect_stdout(sys.stderr):
            return self.target.subject.builds


def check_component(name: str, *, options: Mapping[str, Any] | None = None) -> list[Verdict]:
    """Run every check of a component.

    Args:
        name: short or ``distribution:name``; two kinds may share it, and both are checked.
        options: of its factory, for the checks that build it.

    Raises:
        UnknownNameError: no installed plugin offers it.
    """
    return [trial.run() for trial in trials_of(of_component(name, {name: options} if options else None))]


def check_plugin(
    name: str, *, options: Options | None = None, expected_failures: Mapping[str, str] | None = None
) -> list[Verdict]:
    """Run every check of every component of a plugin.

    Args:
        name: a distribution, ``restore-denoise``, or one plugin of it by the name of its entry point.
        options: of components by name, for those that cannot be built without.
        expected_failures: ``component-check`` -> why it fails.

    Raises:
        UnknownNameError: no installed distribution or plugin is called so.
        PluginError: it is broken, incompatible or disabled.
        UsageError: an expected failure of a check that does not exist, or without a reason.
    """
    return [trial.run() for trial in trials_of(of_plugin(name, options), expected_failures)]


def plan(
    name: str,
    *,
    options: Options | None = None,
    expected_failures: Mapping[str, str] | None = None,
    only: Collection[str] = (),
) -> list[Trial]:
    """Return the checks of what a name means, to be run: a distribution, a plugin or a component.

    Args:
        name: of it.
        options: of components by name.
        expected_failures: ``component-check`` -> why it fails.
        only: names of checks; empty: all.

    Raises:
        RestoreError: an unknown name, a broken plugin, options or expected failures that make no sense.
    """
    return trials_of(select(name, options), expected_failures, only)


def trials_of(
    targets: Collection[Labelled], expected_failures: Mapping[str, str] | None = None, only: Collection[str] = ()
) -> list[Trial]:
    """Return the checks of these components, to be run. Raises UsageError, as ``plan``."""
    from restore.testing import probe
    from restore.testing.components.source import factory_builds, factory_resolves

    probe.forget()
    expected = dict(expected_failures or {})
    for key, reason in expected.items():
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError(f"the expected failure {key!r} has no reason", "say in words why it may fail")
    trials = list(_trials(targets, expected))
    known = {trial.name for trial in trials}
    for key in expected:
        if key not in known:
            raise UsageError(f"an expected failure names no check: {key!r}", did_you_mean(key, known))
    checks = {trial.check.name for trial in trials}
    for name in only:
        if name not in checks:
            raise UsageError(f"no check is called {name!r}", did_you_mean(name, checks))
    sources = (factory_resolves.name, factory_builds.name)
    chosen = [trial for trial in trials if not only or trial.check.name in only]
    blamed = {trial.check.name for trial in chosen}.issuperset(sources)
    return [replace(trial, excusable=blamed and trial.check.name not in sources) for trial in chosen]


def _trials(targets: Collection[Labelled], expected: Mapping[str, str]) -> Iterator[Trial]:
    for target in targets:
        for check in checks_of(target.subject.spec.kind):
            plain = Trial(target=target, check=check)
            yield replace(plain, expected_failure=expected.get(plain.name, ""))
