"""A model by name: its options, weights, device and precision."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from restore import blending
from restore import options as component_options
from restore import weights as store
from restore.contracts import Model
from restore.errors import PluginError, UsageError, WeightsError
from restore.plugin import ModelSpec, WeightsSpec
from restore.registry import Component, registry, split_tag
from restore.runtime.policy import choose_device, choose_precision
from restore.runtime.restorer import Restorer, TileSize, declared_by


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
    component, named = registry().find_weighted("model", name)
    spec = component.spec
    assert isinstance(spec, ModelSpec)
    tag = split_tag(name)[1]
    where = choose_device(device)
    trained: Trained | None = None
    chosen = dict(given)
    if file is None:
        trained = _installed(component, (named,) if tag and named else component.weights, given)
    elif tag:
        raise UsageError(f"{name} names weights, and {file} holds others", "leave one of them out")
    elif component.reads_weights():
        chosen["weights"] = file
    else:
        trained = _from_file(file, component, given)
    if trained is not None:
        chosen = trained.options
    module = component.build(**chosen)
    if not isinstance(module, Model):
        raise PluginError(f"{spec.factory} made a {type(module).__name__}, which is no restore.contracts.Model")
    if trained is not None:
        store.fill(module, trained.state, trained.name)
    elif module.state_dict() and not module.trained:
        raise WeightsError(
            f"{spec.name} is a network, and it has no weights",
            "give some of your own, --weights FILE (weights= in Python); restore list recipes shows what trains them",
        )
    filled_with = trained.name if trained is not None else None if file is None else str(file)
    how = choose_precision(precision, where, declared_by(module, spec).dtypes)
    origin = functools.partial(
        assemble,
        f"{component.qualified}.{tag}" if tag else component.qualified,
        dict(given),
        device=str(where),
        precision=how,
        tile=tile,
        weights=file,
    )
    return Restorer(
        module, spec, device=where, precision=how, tile=tile, origin=origin, weights=filled_with
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Weights, and the options of their network, those of the user among them."""

    name: str
    options: dict[str, Any]
    state: Mapping[str, Tensor]


def _from_file(path: Path, component: Component, given: Mapping[str, Any]) -> Trained:
    """Read a file of the user's own, which says what it is for. Raises WeightsError, UsageError."""
    blending.refuse_beside(path, component, given)
    state, metadata = store.read(path)
    made_for = metadata.get("model", component.spec.name)
    if made_for != component.spec.name:
        raise UsageError(
            f"{path} holds weights of {made_for}, not of {component.spec.name}",
            f"restore.load({made_for!r}, weights=...), or restore run {made_for}",
        )
    try:
        options = json.loads(metadata.get("options", "{}"))
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise WeightsError(f"{path} tells its options in a way that is no JSON object", "export it again")
    return Trained(name=str(path), options=_agreed(component, str(path), options, given), state=state)


def _installed(component: Component, candidates: Sequence[WeightsSpec], given: Mapping[str, Any]) -> Trained | None:
    """Read the first weights that the given options allow; None if there are none at all.

    Raises:
        UsageError: all of them contradict the options.
        WeightsError, UnknownNameError, PluginError: they, or those that an option moves them towards, are not at hand.
    """
    refusals = []
    for candidate in candidates:
        try:
            share, others = blending.take_share(candidate, given)
            options = _agreed(component, store.name_of(component, candidate), candidate.options, others)
        except UsageError as error:
            refusals.append(error)
            continue
        name, state = blending.read(component, candidate, share)
        return Trained(name=name, options=options, state=state)
    if refusals:
        raise refusals[0]
    return None


def _agreed(component: Component, name: str, trained: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that weights were trained with and the given ones. Raises UsageError."""
    factory = component.factory()
    chosen = component_options.check(component.spec.name, factory, {**trained, **given})
    wanted = component_options.check(component.spec.name, factory, {**given, **trained})
    for key in trained:
        if chosen[key] != wanted[key]:
            raise UsageError(
                f"{name} was trained with {key}={wanted[key]} and cannot do {key}={chosen[key]}",
                f"leave {key} out, or name other weights: restore weights list, --weights FILE",
            )
    return chosen
