"""A result beside what it should be, prepared once for all metrics that compare prepared images."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from restore.benchmark.protocol import Protocol
from restore.contracts import ComparesPrepared, Metric
from restore.errors import PluginError

EXTRAS = ("mask", "observation")
"""What a metric may take beside the images and the protocol."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two batches of images under a protocol.

    Args:
        prediction: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8.
        target: the same shape, on the same device.
        protocol: how they are compared.
    """

    prediction: Tensor
    target: Tensor
    protocol: Protocol

    @functools.cached_property
    def prepared(self) -> tuple[Tensor, Tensor]:
        """Both as the protocol prepares them. Raises as ``Protocol.prepare``."""
        return self.protocol.prepare(self.prediction), self.protocol.prepare(self.target)

    def scored_by(self, metric: Metric, **more: Any) -> Tensor:
        """Return the scores that a metric gives, ``(B,)`` on the device of the images.

        Args:
            metric: to compute.
            more: of ``mask`` and ``observation`` what the metric takes.

        Raises:
            PluginError: the metric calls ``exit``; whatever else it raises.
        """
        try:
            if isinstance(metric, ComparesPrepared):
                return metric.compare_prepared(*self.prepared, self.protocol, **more)
            return metric(self.prediction, self.target, self.protocol, **more)
        except SystemExit as error:
            raise PluginError(
                f"the metric called for the end of the program: SystemExit({error.code!r})",
                "this is a defect of its plugin; tell its authors",
            ) from error


def extras_of(metric: Metric) -> frozenset[str]:
    """Return which of ``mask`` and ``observation`` a metric takes; both where it takes any keyword."""
    call: Any = metric.forward if isinstance(metric, nn.Module) else metric
    try:
        parameters = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return frozenset()
    anything = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    return frozenset(name for name in EXTRAS if anything or name in parameters)
