"""Weights to start from: a file, or the name of installed ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore import weights
from restore.errors import UsageError, WeightsError
from restore.registry import registry
from restore_srgan.generator import SRResNet


@dataclass(frozen=True, kw_only=True)
class Start:
    """Weights of an SRResNet, and the options that they were trained with."""

    name: str
    path: Path
    options: Mapping[str, Any]
    sha256: str | None = None

    def network(self) -> SRResNet:
        """Return the network with these weights. Raises WeightsError."""
        made = SRResNet(**self.options)
        weights.fill(made, weights.read(self.path, self.sha256)[0], self.name)
        return made


def find_start(source: str) -> Start:
    """Find ``model.tag``, or a safetensors file that a recipe wrote.

    Raises:
        UnknownNameError: neither such a file nor such weights.
        WeightsError: a file that does not tell its options, or weights that are not here.
    """
    path = Path(source).expanduser()
    if path.suffix == ".safetensors":
        return Start(name=source, path=path, options=_options(path))
    component, found = registry().find_weighted("model", source)
    if found is None:
        raise UsageError(f"{source} has no weights to start from", "give a safetensors file, --set init=FILE")
    where = weights.locate(component, found)
    return Start(name=source, path=where, options=found.options, sha256=found.sha256)


def _options(path: Path) -> Mapping[str, Any]:
    try:
        options = json.loads(weights.header(path).metadata["options"])
    except (KeyError, ValueError):
        options = None
    if not isinstance(options, dict):
        raise WeightsError(f"{path} does not tell the options of its network", "start from a file that a recipe wrote")
    return options
