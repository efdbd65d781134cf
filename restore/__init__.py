"""Image restoration: degradations, models, priors and losses as plugins of one runtime.

The public names resolve on first use; importing this package imports neither torch nor numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Adapted": "restore.adaptation",
    "adapt": "restore.adaptation",
    "load": "restore.runtime",
    "load_prior": "restore.priors",
    "Restorer": "restore.runtime",
    "Outcome": "restore.runtime",
    "degrade": "restore.composition",
    "evaluate": "restore.benchmark",
    "plugins": "restore.catalogue",
    "models": "restore.catalogue",
    "RestoreError": "restore.errors",
    "RestoreWarning": "restore.notices",
}

__all__ = [
    "Adapted", "Outcome", "RestoreError", "RestoreWarning", "Restorer", "adapt", "degrade", "evaluate", "load",
    "load_prior", "models", "plugins",
]  # fmt: skip

if TYPE_CHECKING:
    from restore.adaptation import Adapted, adapt
    from restore.benchmark import evaluate
    from restore.catalogue import models, plugins
    from restore.composition import degrade
    from restore.errors import RestoreError
    from restore.notices import RestoreWarning
    from restore.priors import load_prior
    from restore.runtime import Outcome, Restorer, load


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'restore' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
