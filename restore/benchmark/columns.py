"""Metrics as readers meet them: a label, a direction, how many digits.

Each metric says so itself, by class attributes; a result keeps what it said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

NOT_AVAILABLE = "n/a"
DIGITS = 4
"""After the point, of a metric that does not say."""
MOST_DIGITS = 15
"""That a double has for certain."""
HOLE = "-hole"
"""Behind the name of a metric that is measured over missing pixels alone."""


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


def reading(metric: Any, name: str) -> dict[str, Any]:
    """Return how the scores of a metric are to be read, as a result keeps it.

    Args:
        metric: the metric or its class, with as many of the attributes ``label``, ``unit``, ``digits`` and
            ``higher_is_better`` as it has; None where there is none.
        name: of the component; the label of a metric without one.
    """
    digits = getattr(metric, "digits", DIGITS)
    return {
        "label": str(getattr(metric, "label", "") or name.rpartition(":")[2]),
        "unit": str(getattr(metric, "unit", "")),
        "digits": digits if type(digits) is int and 0 <= digits <= MOST_DIGITS else DIGITS,
        "higher_is_better": bool(getattr(metric, "higher_is_better", True)),
    }


def column(key: str, told: Mapping[str, Any] | None = None) -> Column:
    """Return how a metric is written.

    Args:
        key: as in the result; ``-hole`` and a distribution before a colon become a part of the label.
        told: what ``reading`` returned; what is not told is the name, no unit, four digits, better when higher.
    """
    distribution, colon, short = key.removesuffix(HOLE).rpartition(":")
    known = told or {}
    hole = " hole" if key.endswith(HOLE) else ""
    return Column(
        key=key,
        label=f"{distribution}{colon}{known.get('label') or short}{hole}",
        unit=known.get("unit", ""),
        digits=known.get("digits", DIGITS),
        higher_is_better=known.get("higher_is_better", True),
    )


def columns(metrics: Mapping[str, Mapping[str, Any]], keys: Iterable[str]) -> tuple[Column, ...]:
    """Return how the scores of a result are written.

    Args:
        metrics: of the result, by name.
        keys: of its scores: ``psnr``, ``psnr-hole``.
    """
    return tuple(column(key, metrics.get(key.removesuffix(HOLE))) for key in keys)
