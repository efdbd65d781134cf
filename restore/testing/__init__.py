"""The conformance kit: is a component what its contract and its own declaration say?

In a test file, one line for every check of every component of a plugin::

    from restore.testing import parametrize

    @parametrize("restore-denoise", expected_failures={"dncnn-bfloat16": "not trained in it"})
    def test_conformance(check):
        check()

``restore plugin check restore-denoise`` does the same on the command line.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Check": "restore.testing.check",
    "CheckFailed": "restore.testing.check",
    "Inapplicable": "restore.testing.check",
    "Subject": "restore.testing.subject",
    "Verdict": "restore.testing.running",
    "check_component": "restore.testing.running",
    "check_plugin": "restore.testing.running",
    "parametrize": "restore.testing.parametrizing",
}

__all__ = [
    "Check",
    "CheckFailed",
    "Inapplicable",
    "Subject",
    "Verdict",
    "check_component",
    "check_plugin",
    "parametrize",
]

if TYPE_CHECKING:
    from restore.testing.check import Check, CheckFailed, Inapplicable
    from restore.testing.parametrizing import parametrize
    from restore.testing.running import Verdict, check_component, check_plugin
    from restore.testing.subject import Subject


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'restore.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
