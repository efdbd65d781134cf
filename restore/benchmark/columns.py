"""Metrics as readers meet them: a label, a direction, how many digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

NOT_AVAILABLE = "n/a"


@dataclass(frozen=True, kw_only=True)
class Column:
    """How a metric is written.

    Args:
        key: as in the result: ``psnr``, ``psnr-hole``, ``lpips``.
        label: for people.
        unit: ``dB``, or empty.
        digits: after the point: as many as papers give.
        higher_is_better: its direction.
    """

    key: str
    label: str
    unit: str = ""
    digits: int = 4
    higher_is_better: bool = True

    @property
    def arrow(self) -> str:
        """Up where more is better."""
        return "↑" if self.higher_is_better else "↓"

    @property
    def title(self) -> str:
        """Label and unit: ``PSNR (dB)``."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def with_digits(self, digits: int) -> Column:
        """Return the same with another number of digits: differences are told with one more than scores."""
        return replace(self, digits=digits)

    def text(self, value: float | None, *, signed: bool = False) -> str:
        """Return a score as text: ``28.43``, ``+0.012``, ``inf``, ``n/a``."""
        if value is None or math.isnan(value):
            return NOT_AVAILABLE
        if math.isinf(value):
            return ("+inf" if signed else "inf") if value > 0 else "-inf"
        rounded = round(value, self.digits) + 0.0  # no minus before a zero
        return f"{rounded:{'+' if signed and rounded else ''}.{self.digits}f}"


_KNOWN = {
    "psnr": Column(key="psnr", label="PSNR", unit="dB", digits=2),
    "ssim": Column(key="ssim", label="SSIM"),
    "lpips": Column(key="lpips", label="LPIPS", higher_is_better=False),
    "lr-consistency": Column(key="lr-consistency", label="LR consistency", unit="dB", digits=2),
    "accuracy": Column(key="accuracy", label="Accuracy"),
}


def column(key: str, told: Mapping[str, Any] | None = None) -> Column:
    """Return how a metric is written.

    Args:
        key: as in the result; ``-hole`` and options after a colon become a part of the label.
        told: what the result says of the metric, its unit and direction; a metric that is neither known nor
            told is taken to be better when higher.
    """
    base, _, options = key.partition(":")
    name = base.removesuffix("-hole")
    suffix = (" hole" if name != base else "") + (f" {options}" if options else "")
    known = _KNOWN.get(name) or _unknown(name, told or {})
    return replace(known, key=key, label=known.label + suffix)


def _unknown(name: str, told: Mapping[str, Any]) -> Column:
    unit = str(told.get("unit", ""))
    higher = bool(told.get("higher_is_better", True))
    return Column(key=name, label=name, unit=unit, digits=2 if unit == "dB" else 4, higher_is_better=higher)
