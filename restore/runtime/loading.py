"""A model by name: its options, weights, device and precision."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from restore import options as component_options
from restore.contracts import Model
from restore.filled import filled
from restore.plugin import ModelSpec
from restore.registry import registry, split_tag
from restore.runtime.declaring import declared_by
from restore.runtime.policy import check_precision, choose_device, choose_precision
from restore.runtime.restorer import Restorer, TileSize


def load(
    model: str,
    *,
    device: str = "auto",
    precision: str = "auto",
    tile: TileSize = "auto",
    weights: Any = None,
    **options: Any,
) -> Restorer:
    """Return a model, ready to restore.

    Args:
        model: ``name``, ``name.tag`` for particular weights, ``distribution:name`` where two plugins offer
            the name; options may follow, ``name:key=value``.
        device: ``auto`` (CUDA, else MPS, else CPU), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto`` (bfloat16 where the model is proved in it and the device is fast in it,
            else float32), ``float32``, ``bfloat16``, ``float16``.
        tile: ``auto`` (as large as memory allows), ``off`` (the whole image at once), or the side of a tile
            in input pixels; a halo comes on top.
        weights: a file to use in place of the weights that the model comes with: safetensors, or what the
            model reads itself. It may be named among the options instead, ``name:weights=FILE``. A model whose own
            option ``weights`` is no file is given that; its file is told from it by being a ``Path``.
        options: of the model.

    Raises:
        UnknownNameError: no plugin offers the model, or it has no such weights.
        PluginError: the plugin is broken, or two offer the name.
        UsageError: an option, a precision or a tile size that makes no sense, or that the weights contradict.
        WeightsError: weights that are missing, damaged, or made for another network; a network that has none.
        DeviceError: the device is absent.
    """
    name, written = component_options.parse(model)
    component, _ = registry().find_weighted("model", name)
    file = component.take_weights(written, weights)
    return assemble(name, {**written, **options}, device=device, precision=precision, tile=tile, weights=file)


def assemble(
    name: str,
    given: Mapping[str, Any],
    *,
    device: str = "auto",
    precision: str = "auto",
    tile: TileSize = "auto",
    weights: str | Path | None = None,
) -> Restorer:
    """Build a model, fill it and give it to a Restorer, which pickles as this call.

    Args:
        name: as for ``load``, without options.
        given: options, ``weights`` among them only where the model has an option of its own by that name.
        device: as for ``load``.
        precision: likewise.
        tile: likewise.
        weights: a file.

    Raises:
        RestoreError: as ``load``.
    """
    file = None if weights is None else Path(weights).absolute()
    where = choose_device(device)
    check_precision(precision, where)
    made = filled("model", name, Model, given, file)
    spec, tag = made.component.spec, split_tag(name)[1]
    assert isinstance(spec, ModelSpec)
    how = choose_precision(precision, where, declared_by(made.module, spec).dtypes)
    origin = functools.partial(
        assemble,
        f"{made.component.qualified}.{tag}" if tag else made.component.qualified,
        dict(given),
        device=str(where),
        precision=how,
        tile=tile,
        weights=file,
    )
    return Restorer(made.module, spec, device=where, precision=how, tile=tile, origin=origin, weights=made.weights)
