"""The adapter keeps the contract of models, whatever the network is."""

from __future__ import annotations

import pytest

from restore.testing import check_component


@pytest.mark.parametrize(
    "name",
    ["rcan", *(pytest.param(name, marks=pytest.mark.slow) for name in ("shuffled", "compact-gray", "swinir"))],
)
def test_a_network_passes_every_check(checkpoint, name):
    verdicts = check_component("spandrel", options={"weights": checkpoint(name)})
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    assert sum(v.outcome == "passed" for v in verdicts) > 20
