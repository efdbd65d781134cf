"""All checks of models, asked of those that this repository offers."""

from __future__ import annotations

import pytest

from restore.registry import registry
from restore.testing.check import Inapplicable
from restore.testing.models import CHECKS
from restore.testing.subject import Subject

QUICK = ["nearest", "bicubic", "lanczos", "telea", "navier-stokes", "biharmonic", "nlm", "tv-chambolle"]


def judged(name: str, check, **options) -> None:
    try:
        check(Subject(component=registry().find("model", name), options=options))
    except Inapplicable as inapplicable:
        pytest.skip(f"does not apply: {inapplicable}")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", QUICK)
def test_models_without_weights(name, check):
    judged(name, check)
