"""A prior by name: its options, weights and device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restore import options as component_options
from restore.contracts import Prior
from restore.filled import filled
from restore.registry import registry
from restore.runtime.policy import choose_device


def load_prior(prior: str, *, device: str = "auto", weights: Any = None, **options: Any) -> Prior:
    """Return a prior, ready to be searched: in evaluation mode, and none of its parameters asks for a gradient.

    It computes in float32; where another precision holds, ``torch.autocast`` around ``decode`` chooses it.

    Args:
        prior: ``name``, ``name.tag`` for particular weights, ``distribution:name`` where two plugins offer
            the name; options may follow, ``name:key=value``.
        device: ``auto`` (CUDA, else MPS, else CPU), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        weights: a file to use in place of the weights that the prior comes with: safetensors that a recipe wrote, or
            what the prior reads itself. It may be named among the options instead, ``name:weights=FILE``.
        options: of the prior.

    Raises:
        UnknownNameError: no plugin offers the prior, or it has no such weights.
        PluginError: the plugin is broken, or two offer the name.
        UsageError: an option that makes no sense, or that the weights contradict.
        WeightsError: weights that are missing, damaged, or made for another network; a network that has none.
        DeviceError: the device is absent.
    """
    name, written = component_options.parse(prior)
    component, _ = registry().find_weighted("prior", name)
    file = component.take_weights(written, weights)
    return assemble(name, {**written, **options}, device=device, weights=file)[0]


def assemble(
    name: str, given: Mapping[str, Any], *, device: str = "auto", weights: str | Path | None = None
) -> tuple[Prior, str | None]:
    """Build a prior, fill it, and return it with the name of what it was filled with, None for nothing.

    Args:
        name: as for ``load_prior``, without options.
        given: options, ``weights`` among them only where the prior has an option of its own by that name.
        device: as for ``load_prior``.
        weights: a file.

    Raises:
        RestoreError: as ``load_prior``.
    """
    where = choose_device(device)
    made = filled("prior", name, Prior, given, None if weights is None else Path(weights))
    return made.module.eval().requires_grad_(False).to(where), made.weights
