"""Scores of a result under a protocol: every metric on every region, and why one is missing."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from restore.benchmark.cases import Case
from restore.benchmark.columns import HOLE, reading
from restore.benchmark.protocol import Protocol
from restore.errors import PluginError, RestoreError, UsageError, WeightsError
from restore.options import parse, signature
from restore.registry import Component, registry

Value = float | str | None
"""A score; ``inf`` as text because JSON has none; None where it could not be measured."""


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    metric: str
    region: str


class Scorer:
    """Measures results on a device. A metric that cannot be built or computed costs its own column only."""

    def __init__(self, protocol: Protocol, device: torch.device) -> None:
        """Build the metrics that the protocol names.

        Raises:
            UnknownNameError: no plugin offers one of them.
            UsageError: an option that it does not take.
        """
        self._protocol = protocol
        self._device = device
        self._components: dict[str, Component] = {}
        self._metrics: dict[str, Callable[..., Tensor]] = {}
        self._takes: dict[str, frozenset[str]] = {}
        self._absent: dict[str, str] = {}
        for text in protocol.metrics:
            self._build(text)
        self._find_absent_weights()
        self.columns = tuple(column.name for column in self._columns())
        """Names of the scores, in order: ``psnr``, ``ssim``, ``psnr-hole`` ..."""

    def __call__(self, prediction: Tensor, case: Case) -> tuple[dict[str, Value], dict[str, str]]:
        """Return the scores by column, and the reasons of those that are None.

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
        first, second = prediction.to(self._device), case.target.to(self._device)
        scores: dict[str, Value] = {}
        reasons: dict[str, str] = {}
        for column in self._columns():
            scores[column.name] = None
            try:
                scores[column.name] = self._measure(column, first, second, case)
            except Exception as error:  # noqa: BLE001 - a metric that breaks must not cost the other columns
                reasons[column.name] = reason_of(error)
        return scores, reasons

    def record(self) -> dict[str, dict[str, Any]]:
        """Return what a result tells of the metrics: where they come from, how they are read, why one is absent."""
        return {
            name: {
                "distribution": component.plugin.distribution,
                "version": component.plugin.version,
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
        component = registry().find("metric", name)
        self._components[name] = component
        self._takes[name] = frozenset()
        try:
            metric = component.build(**options)
        except UsageError:
            raise
        except RestoreError as error:
            self._absent[name] = reason_of(error)
            return
        if isinstance(metric, torch.nn.Module):
            metric = metric.to(self._device)
        self._metrics[name] = metric
        call: Any = metric.forward if isinstance(metric, torch.nn.Module) else metric
        self._takes[name] = frozenset(signature(call)) | _keywords(call)

    def _find_absent_weights(self) -> None:
        """Ask each metric once, so that weights that are missing are known before the first image."""
        image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)).to(self._device)
        for name, metric in self._metrics.items():
            try:
                metric(image, image, self._protocol)
            except WeightsError as error:
                self._absent[name] = reason_of(error)
            except Exception:  # noqa: BLE001 - told with the image that it happens to
                continue

    def _columns(self) -> list[_Column]:
        return [
            _Column(name=name if region == "image" else f"{name}{HOLE}", metric=name, region=region)
            for region in self._protocol.regions
            for name in (parse(text)[0] for text in self._protocol.metrics)
            if region == "image" or "mask" in self._takes[name]
        ]

    def _measure(self, column: _Column, prediction: Tensor, target: Tensor, case: Case) -> Value:
        if column.metric in self._absent:
            raise RestoreError(self._absent[column.metric])
        extra: dict[str, Any] = {}
        if column.region == "hole":
            if case.observation.mask is None:
                raise RestoreError("nothing is missing in this image")
            extra["mask"] = case.observation.mask.to(self._device)
        if "observation" in self._takes[column.metric]:
            extra["observation"] = case.observation
        score = float(self._metrics[column.metric](prediction, target, self._protocol, **extra))
        if math.isnan(score):
            raise RestoreError("the score is not a number")
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


def _keywords(call: Any) -> frozenset[str]:
    """Return ``mask`` and ``observation`` for a callable that takes any keyword."""
    try:
        kinds = {parameter.kind for parameter in inspect.signature(call).parameters.values()}
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(("mask", "observation") if inspect.Parameter.VAR_KEYWORD in kinds else ())


def _shape(image: Tensor) -> str:
    _, channels, height, width = image.shape
    return f"{width} x {height} with {channels} channel{'s' * (channels > 1)}"
