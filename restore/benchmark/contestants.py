"""The models of a run: the task's baselines first, each with everything that decides what it computes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore import blending
from restore import options as component_options
from restore import weights as store
from restore.benchmark import source
from restore.benchmark.protocol import Protocol
from restore.composition import build_degradation
from restore.errors import PluginError, RestoreError, UnknownNameError, UsageError, WeightsError
from restore.parts import Part, parts_of
from restore.plugin import ModelSpec, WeightsSpec
from restore.registry import Component, registry, split_tag
from restore.runtime.policy import choose_precision
from restore.values import as_json, as_text

if TYPE_CHECKING:
    import torch

    from restore.runtime import Restorer

RESERVED = ("input", "target", "mask")
"""Names of the folders beside those of the models' results."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A model as it takes part in a run."""

    name: str
    """Unique in the run, and fit for a folder: ``srresnet``, ``bicubic-scale=4``."""
    spec: str
    """As it was given: ``srresnet``, ``bicubic:scale=4``, ``srresnet@my.safetensors``."""
    model: str
    """Its name in the registry, with the tag: ``srresnet.psnr-x4``."""
    component: Component
    options: Mapping[str, Any]
    weights: Mapping[str, Any] | None
    """``{"name", "sha256"}`` of the file, or None for a model without weights; ``towards``, the same of the weights
    that an option moves them to."""
    file: Path | None
    """Weights of the user's own."""
    baseline: bool
    precision: str
    scale: int
    task: str
    """The protocol's."""
    degradation: str
    """Likewise."""
    source: Mapping[str, str]
    """As ``source.told`` returns it: a digest of its code, where no revision covers it."""
    non_blind: bool = False
    """Whether it is told the degradation of each image."""
    parts: tuple[Part, ...] = ()
    """What it loads by name, such as a prior."""

    @property
    def key(self) -> str:
        """16 hexadecimal digits that differ where anything differs that could change a result."""
        told = {name: value for name, value in self.record().items() if name not in ("spec", "baseline", "name")}
        text = json.dumps({**told, "component": self.component.qualified}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def record(self) -> dict[str, Any]:
        """Return what a result tells of it."""
        return {
            "name": self.name,
            "spec": self.spec,
            "distribution": self.component.plugin.distribution,
            "version": self.component.plugin.version,
            **self.source,
            "weights": None if self.weights is None else dict(self.weights),
            **({"parts": [source.told_of_part(part) for part in self.parts]} if self.parts else {}),
            **({"non_blind": True} if self.non_blind else {}),
            "options": {key: as_json(value) for key, value in sorted(self.options.items())},
            "baseline": self.baseline,
            "precision": self.precision,
        }

    def load(self, device: str) -> Restorer:
        """Return the model, ready to restore.

        Raises:
            RestoreError: it cannot be loaded, or turns out to do something else than the protocol measures.
        """
        from restore.runtime.loading import assemble

        try:
            restorer = assemble(self.model, self.options, device=device, precision=self.precision, weights=self.file)
        except RestoreError as error:
            raise self._as_given(error) from error
        scale = restorer.scale
        if restorer.spec.non_blind:  # its scale is that of the degradation, whatever that will draw
            scale = restorer.knowing(build_degradation(self.degradation), {}).scale
        if scale != self.scale:
            raise UsageError(
                f"{self.spec} makes images {scale} times as large, and the protocol needs {self.scale}",
                "choose another protocol, or weights or options of that scale",
            )
        _check_holes(restorer.spec, self.task, self.spec)
        return restorer

    def built(self, device: str) -> Contestant:
        """Return it with what only the built model tells.

        A model that crashes, or a baseline that cannot be loaded, fails when its turn comes. It is built again then:
        kept until its turn, all models would share the memory, and no peak would be one model's own.

        Raises:
            UsageError, UnknownNameError, WeightsError: a slip of whoever named it.
        """
        try:
            restorer = self.load(device)
        except (UsageError, UnknownNameError, WeightsError):
            if self.baseline:
                return self
            raise
        except Exception:  # noqa: BLE001 - whatever a model raises costs only its rows
            return self
        return replace(self, parts=parts_of(restorer.module), non_blind=restorer.spec.non_blind)

    def _as_given(self, error: RestoreError) -> RestoreError:
        """Return an error that names the weights as they were named: results tell no folder of the machine."""
        if self.file is None:
            return error
        texts = (text.replace(str(self.file.absolute()), str(self.file)) for text in (error.message, error.cure))
        return type(error)(*texts)


def line_up(
    protocol: Protocol, models: Sequence[str], *, device: torch.device, precision: str = "auto"
) -> list[Contestant]:
    """Return the models of a run, the protocol's baselines first.

    Args:
        protocol: what they are measured under; a model with an option ``scale`` gets its scale.
        models: ``NAME``, ``NAME.TAG``, ``NAME:key=value``; weights of one's own are ``NAME@FILE`` or
            ``NAME:weights=FILE``. What is named twice, or is a baseline, takes part once.
        device: where they will run.
        precision: ``auto``, or one that all of them run in.

    Raises:
        UnknownNameError: no plugin offers a model or what it loads by name, or it has no such weights.
        UsageError: an option that makes no sense, or a model that cannot do what the protocol measures.
        WeightsError: weights that are not here or cannot be read.
        DeviceError: a precision that the device cannot compute.
    """
    found: dict[str, Contestant] = {}
    for spec in (*protocol.baselines, *models):
        made = _contestant(protocol, spec, device, precision, baseline=spec in protocol.baselines)
        found.setdefault(made.key, made)
    if not found:
        raise UsageError(f"protocol {protocol.id} has no baselines, and no model is named", "add -m MODEL")
    return _with_unique_names([made.built(str(device)) for made in found.values()])


def _contestant(protocol: Protocol, spec: str, device: torch.device, precision: str, *, baseline: bool) -> Contestant:
    model, _, path = spec.partition("@")
    label, given = component_options.parse(model)
    name, _ = component_options.parse(protocol.meant("model", model) if baseline else model)
    component, named = registry().find_weighted("model", name)
    named_file = component.take_weights(given, Path(path) if path else None)
    file = Path(named_file) if named_file else None
    declared = component.spec
    assert isinstance(declared, ModelSpec)
    _check_fit(protocol, declared, spec)
    broken = False
    try:
        component.factory()
    except PluginError:
        broken = True  # it fails when it is loaded, and costs its own rows only
    scale = protocol.scale if declared.scale is None else None
    moving = () if broken else [knob.name for knob in blending.knobs(component)]
    moved = {key: value for key, value in given.items() if key in moving}
    fixed = {key: value for key, value in given.items() if key not in moved}
    options = fixed if broken else _checked(component, fixed, scale, file)
    weights: dict[str, Any] | None = None
    if file is not None:
        blending.refuse_beside(file, component, moved)
        weights = {"name": file.name, "sha256": store.digest(file)}
    elif component.weights and not broken:
        candidates = (named,) if split_tag(name)[1] and named else component.weights
        chosen, shares = _agreeing(component, candidates, options, moved)
        weights = _known(component, chosen)
        if any(shares.values()):
            weights["towards"] = _known(*blending.other_end(component, chosen))
        options |= shares
    return Contestant(
        name=_label(label, given, file), spec=spec, model=name, component=component, options=options,
        weights=weights, file=file, baseline=baseline, scale=protocol.scale, task=protocol.task,
        degradation=protocol.meant("degradation", protocol.degradation), source=source.told(component),
        precision=choose_precision(precision, device, declared.dtypes),
    )  # fmt: skip


def _check_fit(protocol: Protocol, declared: ModelSpec, spec: str) -> None:
    if declared.scale not in (None, protocol.scale):
        raise UsageError(
            f"{spec} makes images {declared.scale} times as large, and protocol {protocol.id} needs {protocol.scale}",
            f"choose models for {protocol.task or 'its task'}: restore list models",
        )
    _check_holes(declared, protocol.task, spec)


def _check_holes(declared: ModelSpec, task: str, spec: str) -> None:
    if declared.task == "inpainting" and task != "inpainting":
        raise UsageError(
            f"{spec} fills holes, and the protocol makes none",
            f"choose models for {task or 'its task'}: restore list models",
        )


def _checked(component: Component, given: Mapping[str, str], scale: int | None, file: Path | None) -> dict[str, Any]:
    """Return the options as the factory's types, with the protocol's scale where it is one of them."""
    factory = component.factory()
    options: dict[str, Any] = dict(given)
    if scale is not None and "scale" in component_options.signature(factory):
        options.setdefault("scale", scale)
    reads = component.reads_weights()
    if file is not None and reads:
        options["weights"] = file
    checked = component_options.check(component.spec.name, factory, options)
    if reads:
        checked.pop("weights", None)  # told apart, with its hash
    if scale is not None and checked.get("scale", scale) != scale:
        raise UsageError(
            f"{component.spec.name} with scale={checked['scale']} cannot do what the protocol measures, scale {scale}",
            "leave scale out, or choose another protocol",
        )
    return checked


def _known(component: Component, weights: WeightsSpec) -> dict[str, Any]:
    return {"name": store.name_of(component, weights), "sha256": weights.sha256}


def _agreeing(
    component: Component, candidates: Sequence[WeightsSpec], given: Mapping[str, Any], moved: Mapping[str, str]
) -> tuple[WeightsSpec, dict[str, float]]:
    """Return the weights that ``restore.load`` takes: the first whose options the given ones do not contradict.

    With them the option that moves them, as a number, where it is among ``moved``. Raises UsageError.
    """
    for candidate in candidates:
        trained = component_options.check(component.spec.name, component.factory(), candidate.options)
        share, unknown = blending.take_share(candidate, moved)
        if not unknown and all(given.get(key, value) == value for key, value in trained.items()):
            return candidate, dict.fromkeys(moved, share)
    told = ", ".join(f"{key}={as_text(value)}" for key, value in {**given, **moved}.items())
    raise UsageError(
        f"{component.spec.name} has no weights for {told}", "restore weights list shows those that there are"
    )


def _label(name: str, given: Mapping[str, str], file: Path | None) -> str:
    """Return what a model is called in tables and folders: of a file's path, its name alone."""
    text = ":".join(filter(None, (name, ",".join(f"{key}={value}" for key, value in given.items()))))
    text = text if file is None else f"{text}-{file.stem}"
    label = re.sub(r"[^A-Za-z0-9._=,+-]+", "-", text).strip("-.") or "model"
    return f"{label}-model" if label.lower() in RESERVED else label


def _with_unique_names(models: Sequence[Contestant]) -> list[Contestant]:
    taken: set[str] = set()
    unique = []
    for model in models:
        name, number = model.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{model.name}-{number}"
        taken.add(name.lower())
        unique.append(replace(model, name=name))
    return unique
