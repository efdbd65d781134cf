"""All checks of models, asked of those that this repository offers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from restore.contracts import Model
from restore.registry import registry
from restore.testing.check import CheckFailed, Inapplicable
from restore.testing.models import CHECKS, receptive_field
from restore.testing.subject import Subject

QUICK = ["nearest", "bicubic", "lanczos", "telea", "navier-stokes", "biharmonic", "nlm", "tv-chambolle"]


def judged(name: str, check) -> None:
    try:
        check(Subject(component=registry().find("model", name)))
    except Inapplicable as inapplicable:
        pytest.skip(f"does not apply: {inapplicable}")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", QUICK)
def test_models_without_weights(name, check):
    judged(name, check)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_srresnet(check):
    judged("srresnet", check)


def untrained(name: str, **options) -> Subject:
    component = registry().find("model", name)
    return Subject(component=replace(component, spec=replace(component.spec, weights=())), options=options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *(("srresnet", {"scale": scale, "blocks": 2, "channels": 8}) for scale in (2, 3, 4, 8)),
        ("bicubic", {"scale": 3}),
        ("lanczos", {"scale": 2}),
    ],
)
def test_no_declared_field_is_larger_than_it_must_be(monkeypatch, name, options):
    """Two pixels less, one on each side, and the check finds the path that leads farther."""
    subject = untrained(name, **options)
    receptive_field(subject)
    declared = subject.build().receptive_field
    monkeypatch.setattr(
        Model, "declared", lambda module, spec: replace(spec, scale=module.scale, receptive_field=declared - 2)
    )
    with pytest.raises(CheckFailed, match=f"what lies {declared // 2} pixels away"):
        receptive_field(subject)
