"""Measuring: named protocols, and scores that equal the literature's.

The public names resolve on first use, so that what a protocol says can be read without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "Protocol": "restore.benchmark.protocol",
    "evaluate": "restore.benchmark.evaluation",
    "find_protocol": "restore.benchmark.protocols",
    "psnr": "restore.benchmark.metrics",
    "ssim": "restore.benchmark.metrics",
}

__all__ = ["Protocol", "evaluate", "find_protocol", "psnr", "ssim"]

if TYPE_CHECKING:
    from restore.benchmark.evaluation import evaluate
    from restore.benchmark.metrics import psnr, ssim
    from restore.benchmark.protocol import Protocol
    from restore.benchmark.protocols import find_protocol


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'restore.benchmark' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
