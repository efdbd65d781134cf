"""Drawings for the page, made by hand: elements as escaped text, and the axis that they share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element; ``class_`` is class, ``stroke_width`` is stroke-width, None leaves an attribute out."""
    shown = (
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{''.join(shown)}>{inner}</{name}>")


def drawing(width: float, height: float, label: str, parts: Iterable[str]) -> Markup:
    """Return a picture that scales with the page and tells screen readers what it shows."""
    return tag(
        "svg", *parts, viewBox=f"0 0 {_short(width)} {_short(height)}", role="img", aria_label=label,
        class_="plot", style=f"max-width:{_short(width)}px",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A horizontal axis from ``low`` to ``high``, drawn between ``left`` and ``right``."""

    low: float
    high: float
    left: float
    right: float

    def x(self, value: float) -> float:
        """Return where a value lies; what is beyond an end, infinity included, lies at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self, most: int = 7) -> list[float]:
        """Return round values inside the axis: multiples of 1, 2 or 5 times a power of ten."""
        step = round_step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [float(f"{i * step:.12g}") for i in range(first, last + 1)]

    def drawn(self, top: float, bottom: float) -> Iterable[Markup]:
        """Yield a grid line and a number for each tick; the numbers stand below ``bottom``."""
        ticks = self.ticks()
        digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9)) if len(ticks) > 1 else 2
        for tick in ticks:
            x = self.x(tick)
            yield tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid")
            yield tag(
                "text",
                f"{tick + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}"),
                x=x,
                y=bottom + 14,
                class_="tick",
                text_anchor="middle",
            )


def axis(values: Sequence[float], *, left: float, right: float, around: float | None = None) -> Axis:
    """Return an axis that holds the finite values with some air, and ``around`` too where it is given."""
    finite = [value for value in values if math.isfinite(value)]
    if around is not None:
        finite.append(around)
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    flat = high - low <= 1e-9 * max(abs(low), abs(high))  # what rounding alone sets apart has no ticks between
    air = max(abs(high) * 0.01, 1e-3) if flat else 0.06 * (high - low)
    return Axis(low=low - air, high=high + air, left=left, right=right)


def round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _short(value: object) -> object:
    """Leave digits out that nobody sees: a page has thousands of coordinates."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
