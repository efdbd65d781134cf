"""Scores of a result under a protocol: every metric on every region, and why one is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from restore.benchmark import source
from restore.benchmark.cases import Case
from restore.benchmark.columns import HOLE, reading
from restore.benchmark.pair import Pair, extras_of
from restore.benchmark.protocol import Protocol
from restore.errors import DamagedWeightsError, PluginError, RestoreError, UsageError, WeightsError
from restore.options import parse
from restore.registry import Component, registry

if TYPE_CHECKING:
    from restore.contracts import Metric

Value = float | str | None
"""A score; ``inf`` as text because JSON has none; None where it could not be measured."""


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    metric: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Scores of an image that a device may still be computing.

    Args:
        columns: names of all scores, in order.
        scores: those that could be started, by column.
        reasons: why the others could not.
    """

    columns: tuple[str, ...]
    scores: Mapping[str, Tensor]
    reasons: Mapping[str, str]

    def result(self) -> tuple[dict[str, Value], dict[str, str]]:
        """Wait, fetch all scores in one transfer, and return them by column with the reasons of those that are None.

        It may be called in another thread than the one that measures.
        """
        fetched: dict[str, float] = {}
        for device in dict.fromkeys(score.device for score in self.scores.values()):  # one, if metrics behave
            there = {name: score for name, score in self.scores.items() if score.device == device}
            fetched |= zip(there, torch.stack(list(there.values())).tolist(), strict=True)
        reasons = dict(self.reasons) | {
            name: "the score is not a number; look for NaN and infinity in the images"
            for name, score in fetched.items()
            if math.isnan(score)
        }
        values = {name: None if name in reasons else _value(fetched[name]) for name in self.columns}
        return values, {name: reasons[name] for name in self.columns if name in reasons}


class Scorer:
    """Measures results on a device. A metric that cannot be built or computed costs its own column only."""

    def __init__(self, protocol: Protocol, device: torch.device) -> None:
        """Build the metrics that the protocol names.

        Raises:
            UnknownNameError: no plugin offers one of them.
            UsageError: an option that it does not take.
            DamagedWeightsError: weights that one of them needs are not what they should be.
        """
        self._protocol = protocol
        self._device = torch.device("cpu") if device.type == "mps" else device  # mps has no float64
        self._components: dict[str, Component] = {}
        self._metrics: dict[str, Metric] = {}
        self._takes: dict[str, frozenset[str]] = {}
        self._absent: dict[str, str] = {}
        for text in protocol.metrics:
            self._build(text)
        self._find_absent_weights()
        self.columns = tuple(column.name for column in self._columns())
        """Names of the scores, in order: ``psnr``, ``ssim``, ``psnr-hole`` ..."""

    def measure(self, prediction: Tensor, case: Case) -> Pending:
        """Start measuring and return the scores to come; what a device computes is not waited for.

        Args:
            prediction: ``(1, C, H, W)`` uint8, or float in ``[0, 1]``.
            case: what was restored.

        Raises:
            PluginError: the prediction has another shape than the original.
        """
        if prediction.shape != case.target.shape:
            raise PluginError(
                f"the result is {_shape(prediction)} where {_shape(case.target)} was due",
                "this model does not do what the protocol measures",
            )
        pair = Pair(self._there(prediction), self._there(case.target), self._protocol)
        scores: dict[str, Tensor] = {}
        reasons: dict[str, str] = {}
        for column in self._columns():
            try:
                scores[column.name] = self._score(column, pair, case)
            except Exception as error:  # noqa: BLE001 - a metric that breaks must not cost the other columns
                reasons[column.name] = reason_of(error)
        return Pending(columns=self.columns, scores=scores, reasons=reasons)

    def __call__(self, prediction: Tensor, case: Case) -> tuple[dict[str, Value], dict[str, str]]:
        """Measure and wait: ``measure`` and ``Pending.result`` in one."""
        return self.measure(prediction, case).result()

    def _there(self, image: Tensor) -> Tensor:
        """Return an image on the device; a GPU is not waited for, what is on its way to the CPU is."""
        return image.to(self._device, non_blocking=self._device.type != "cpu")

    def record(self) -> dict[str, dict[str, Any]]:
        """Return what a result tells of the metrics: where they come from, how they are read, why one is absent."""
        return {
            name: {
                "distribution": component.plugin.distribution,
                "version": component.plugin.version,
                **source.told(component),
                **reading(self._source(name), name),
                "description": _description(self._metrics.get(name)),
                "absent": self._absent.get(name),
            }
            for name, component in self._components.items()
        }

    def _source(self, name: str) -> Any:
        """Return the metric, or what makes it where it could not be made; both say how to read its scores."""
        try:
            return self._metrics.get(name) or self._components[name].factory()
        except PluginError:
            return None

    def _build(self, text: str) -> None:
        name, options = parse(text)
        component = registry().find("metric", self._protocol.meant("metric", name))
        self._components[name] = component
        self._takes[name] = frozenset()
        try:
            metric = component.build(**options)
        except (UsageError, DamagedWeightsError):
            raise
        except RestoreError as error:
            self._absent[name] = reason_of(error)
            return
        if isinstance(metric, torch.nn.Module):
            metric = metric.to(self._device)
        self._metrics[name] = metric
        self._takes[name] = extras_of(metric)

    def _find_absent_weights(self) -> None:
        """Ask each metric once, so that weights that are missing or damaged are known before the first image."""
        image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).to(self._device)
        for name, metric in self._metrics.items():
            try:
                metric(image, image, self._protocol)
            except DamagedWeightsError:
                raise
            except WeightsError as error:
                self._absent[name] = reason_of(error)
            except (Exception, SystemExit):  # noqa: BLE001 - told with the image that it happens to
                continue

    def _columns(self) -> list[_Column]:
        return [
            _Column(name=name if region == "image" else f"{name}{HOLE}", metric=name, region=region)
            for region in self._protocol.regions
            for name in (parse(text)[0] for text in self._protocol.metrics)
            if region == "image" or "mask" in self._takes[name]
        ]

    def _score(self, column: _Column, pair: Pair, case: Case) -> Tensor:
        """Return the score of one image, without dimensions, on whichever device the metric left it."""
        if column.metric in self._absent:
            raise RestoreError(self._absent[column.metric])
        more: dict[str, Any] = {}
        if column.region == "hole":
            if case.observation.mask is None:
                raise RestoreError("nothing is missing in this image")
            more["mask"] = self._there(case.observation.mask)
        if "observation" in self._takes[column.metric]:
            more["observation"] = case.observation
        score = torch.as_tensor(pair.scored_by(self._metrics[column.metric], **more)).detach().double()
        if score.numel() != 1:
            raise PluginError(f"the metric gave {score.numel()} scores of one image")
        return score.reshape(())


def _value(score: float) -> Value:
    return score if math.isfinite(score) else str(score)


def _description(metric: Any) -> str | None:
    """Return what a metric says of itself, with the hashes of its weights where it has any."""
    try:
        return str(metric.describe())
    except Exception:  # noqa: BLE001 - it need not say anything, and cannot without its weights
        return None


def reason_of(error: Exception) -> str:
    """Return an error with its cure in one line; the type of one that nobody raised on purpose."""
    if isinstance(error, RestoreError):
        return " ".join("; ".join(filter(None, (error.message, error.cure))).split())
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}".rstrip(": ")


def _shape(image: Tensor) -> str:
    _, channels, height, width = image.shape
    return f"{width} x {height} with {channels} channel{'s' * (channels > 1)}"
