"""Everything that comes with the toolkit passes the kit, as a stranger's plugin has to."""

from __future__ import annotations

import pytest

from restore.discovery import DISTRIBUTION
from restore.registry import registry
from restore.testing import parametrize
from restore.testing.parametrizing import Conformance

RANGES = (
    "gaussian-blur:sigma=0.5+2",
    "gaussian-noise:sigma=0.05+0.3",
    "poisson-noise:peak=5+50",
    "salt-pepper:share=0.1+0.4",
    "jpeg:quality=10+90",
    "photo:scale=3,sigma=1,resize=0.5,noise=0.1+0.3",
    "mask-random:share=0.2+0.8",
    "mask-pattern:share=0.2+0.8",
    "degradation-bicubic:scale=3",
)
"""Options with which degradations draw more than by default, or do something else."""


@parametrize(DISTRIBUTION)
def test_conformance(check):
    check()


@pytest.mark.parametrize("text", RANGES)
def test_degradations_with_other_options(text):
    from restore.testing.running import plan

    verdicts = [trial.run() for trial in plan(text) if not trial.check.name.startswith(("discovery", "import"))]
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    assert sum(v.outcome == "passed" for v in verdicts) > 15


def test_every_component_is_checked(request):
    [mark] = test_conformance.pytestmark
    checks = [case.values[0] for case in mark.args[1]]
    assert all(isinstance(check, Conformance) for check in checks)
    checked = {check.trial.target.subject.component.qualified for check in checks}
    own = {c.qualified for c in registry().components if c.plugin.distribution == DISTRIBUTION}
    assert checked == own
