"""The checks of each kind of component, imported when they are asked for."""

from __future__ import annotations

import importlib

from restore.testing.check import Check

MODULES = {
    "degradation": "restore.testing.degradations",
    "model": "restore.testing.models",
    "loss": "restore.testing.losses",
    "prior": "restore.testing.priors",
    "metric": "restore.testing.metrics",
}
"""Packages that hold the checks of a kind, each in a tuple ``CHECKS``."""


def checks_of(kind: str) -> tuple[Check, ...]:
    """Return the checks of a kind of component: those of every kind, then its own."""
    modules = ["restore.testing.components", *([MODULES[kind]] if kind in MODULES else [])]
    return tuple(check for module in modules for check in importlib.import_module(module).CHECKS)
