"""The library itself, imported when a model is built and not before."""

from __future__ import annotations

import importlib
from types import ModuleType

import torch

from restore.errors import PluginError

OPERATORS = ("nms", "qnms")
"""Of torchvision, which cannot be imported while they have no name."""
SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def spandrel() -> ModuleType:
    """Return the library. Raises PluginError where it is absent or does not load."""
    try:
        try:
            return importlib.import_module("spandrel")
        except RuntimeError as error:
            if "torchvision::" not in str(error):
                raise
        # torchvision's compiled part is of another build than torch: CUDA's beside one for the CPU. spandrel uses
        # the part in Python, which loads when these operators are declared; nothing here calls them.
        for name in OPERATORS:
            if not hasattr(torch.ops.torchvision, name):
                torch.library.define(f"torchvision::{name}", SCHEMA)
        return importlib.import_module("spandrel")
    except ModuleNotFoundError as error:
        if error.name != "spandrel":
            raise _broken(error) from error
        raise PluginError(
            "this model needs the package spandrel, which is not installed",
            'pip install "restore-toolkit[spandrel]"',
        ) from None
    except Exception as error:
        raise _broken(error) from error


def _broken(error: Exception) -> PluginError:
    reason = (str(error).splitlines() or [""])[0]
    return PluginError(
        f"the package spandrel cannot be imported: {type(error).__name__}: {reason}",
        'pip install --upgrade "restore-toolkit[spandrel]"; torch and torchvision must come from one index',
    )
