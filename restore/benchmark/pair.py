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
from restore.options import signature


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


def takes(metric: Metric) -> frozenset[str]:
    """Return the names of what a metric can be given; ``mask`` and ``observation`` of one that takes any keyword."""
    call: Any = metric.forward if isinstance(metric, nn.Module) else metric
    try:
        kinds = {parameter.kind for parameter in inspect.signature(call).parameters.values()}
    except (TypeError, ValueError):
        kinds = set()
    anything = ("mask", "observation") if inspect.Parameter.VAR_KEYWORD in kinds else ()
    return frozenset(signature(call)) | frozenset(anything)
