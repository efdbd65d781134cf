"""Weights to start from: a file, or the name of installed ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore import options as component_options
from restore import weights
from restore.errors import UsageError, WeightsError
from restore.registry import registry
from restore_srgan.generator import SRResNet

MODELS = ("srresnet", "srgan")
"""Models that are an SRResNet."""
UPSAMPLING = "upsampling."
"""What the names of a network's tensors begin with that depend on its scale."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Weights of an SRResNet, and the options that they were trained with."""

    name: str
    path: Path
    options: Mapping[str, Any]
    sha256: str | None = None

    @property
    def scale(self) -> int:
        """Output side over input side."""
        return int(self._option("scale"))

    def told(self, scale: int) -> str:
        """Return in one line what a network of this scale takes of them, with their hash. Raises WeightsError."""
        name = self.name if self.sha256 else self.path.name
        line = f"{name}, x{self.scale}, sha256 {self.sha256 or weights.digest(self.path)}"
        return line if self.scale == scale else f"{line}, with an upsampling at random"

    def network(self) -> SRResNet:
        """Return the network with these weights. Raises WeightsError."""
        made = SRResNet(**self.options)
        weights.fill(made, weights.read(self.path, self.sha256)[0], self.name)
        return made

    def fill(self, network: SRResNet) -> None:
        """Put these weights into a network of the same options, or of another scale, whose upsampling stays as it is.

        Raises:
            WeightsError: options differ, other than the scale.
        """
        skip = self._option("skip")
        if skip != network.skip:
            raise WeightsError(
                f"{self.name} does not fit the network: it was trained with skip={skip}, not {network.skip}",
                "start from weights of the same options",
            )
        state = weights.read(self.path, self.sha256)[0]
        if self.scale != network.scale:
            kept = {name: value for name, value in state.items() if not name.startswith(UPSAMPLING)}
            fresh = {name: value for name, value in network.state_dict().items() if name.startswith(UPSAMPLING)}
            state = kept | fresh
        weights.fill(network, state, self.name)

    def _option(self, name: str) -> Any:
        return self.options.get(name, component_options.signature(SRResNet)[name].default)


def find_start(source: str) -> Start:
    """Find ``model.tag``, or a safetensors file that a recipe wrote.

    Raises:
        UnknownNameError: neither such a file nor such weights.
        UsageError: nothing, or weights of another network.
        WeightsError: a path at which nothing is, a file that is no safetensors, one of another network, or that does
            not tell its options, or weights that are not here.
    """
    if not source.strip():
        raise UsageError("init names no weights", f"--set init={MODELS[0]}.psnr-x4, or --set init=FILE")
    path = Path(source).expanduser()
    if path.suffix == ".safetensors" or len(path.parts) > 1 or path.is_file():
        return Start(name=source, path=path, options=_options(path))
    component, found = registry().find_weighted("model", source)
    if found is None:
        raise UsageError(f"{source} has no weights to start from", "give a safetensors file, --set init=FILE")
    if component.factory() is not SRResNet:
        raise UsageError(f"{source} are weights of another network", f"start from weights of {' or '.join(MODELS)}")
    where = weights.locate(component, found)
    return Start(name=source, path=where, options=found.options, sha256=found.sha256)


def _options(path: Path) -> Mapping[str, Any]:
    """Return the options that a file's header tells, checked."""
    metadata = weights.header(path).metadata
    model = metadata.get("model", MODELS[0])
    if model not in MODELS:
        raise WeightsError(f"{path} holds weights of {model}", f"start from weights of {' or '.join(MODELS)}")
    try:
        options = json.loads(metadata["options"])
    except (KeyError, ValueError):
        options = None
    if not isinstance(options, dict):
        raise WeightsError(f"{path} does not tell the options of its network", "start from a file that a recipe wrote")
    try:
        return component_options.check(model, SRResNet, options)
    except UsageError as error:
        message = f"{path} tells options that its network does not take: {error.message}"
        raise WeightsError(message, "start from a file that a recipe wrote") from error
