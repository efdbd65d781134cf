"""What the page draws: distributions, paired differences, PSNR against LPIPS."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from restore.benchmark.columns import Column
from restore.benchmark.report.svg import Axis, axis, drawing, tag
from restore.benchmark.statistics import Paired

WIDTH = 460.0
"""Narrow enough that the letters stay readable where a phone shrinks the drawing."""
LEFT, RIGHT = 108.0, 448.0
ROW, TOP = 42.0, 4.0
COLOURS = 7
MOST_DOTS = 400
"""In a row; of more images, so many are drawn, spread evenly over the ranks."""


@dataclass(frozen=True)
class Strip:
    """A row of a drawing of distributions: the scores of a model on a data set, by image."""

    model: str
    dataset: str
    number: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Gap:
    """A row of a drawing of differences: a comparison on a data set, and the names of its images."""

    model: str
    dataset: str
    number: int
    found: Paired
    images: tuple[str, ...]


def distributions(rows: Sequence[Strip], metric: Column, title: str) -> Markup:
    """Draw every image's score as a dot, over a box from quartile to quartile with a bar at the median.

    Args:
        rows: from top to bottom; infinite scores lie at the right end.
        metric: what they are scores of.
        title: of the drawing, for screen readers.
    """
    scale = axis([value for row in rows for value in row.scores.values()], left=LEFT, right=RIGHT)
    bottom = TOP + ROW * len(rows)
    parts = list(scale.drawn(TOP, bottom))
    for index, row in enumerate(rows):
        middle = TOP + ROW * (index + 0.5)
        values = list(row.scores.values())
        parts += _name(row.model, row.dataset, middle)
        parts += _box(values, scale, middle, row.number)
        labels = [f"{image}: {metric.text(value)}" for image, value in row.scores.items()]
        parts += _dots(labels, [scale.x(value) for value in values], middle, row.number)
    direction = "further right is better" if metric.higher_is_better else "further left is better"
    parts.append(_caption(f"{metric.title}; {direction}", bottom))
    return drawing(WIDTH, bottom + 38, title, parts)


def differences(rows: Sequence[Gap], metric: Column, title: str) -> Markup:
    """Draw each image's difference as a dot, the mean as a diamond and its interval as a bar.

    Args:
        rows: from top to bottom.
        metric: what they are differences of; the side of 0 that is better is tinted.
        title: of the drawing, for screen readers.
    """
    values = [d for row in rows for d in row.found.differences]
    ends = [end for row in rows for end in (row.found.interval.low, row.found.interval.high)]
    scale = axis([*values, *ends], left=LEFT, right=RIGHT, around=0.0)
    bottom, zero = TOP + ROW * len(rows), scale.x(0)
    left, right = (zero, RIGHT) if metric.higher_is_better else (LEFT, zero)
    parts = [tag("rect", x=left, y=TOP, width=right - left, height=bottom - TOP, class_="good")]
    parts += scale.drawn(TOP, bottom)
    parts.append(tag("line", x1=zero, x2=zero, y1=TOP, y2=bottom, class_="zero"))
    for index, row in enumerate(rows):
        middle = TOP + ROW * (index + 0.5)
        parts += _name(row.model, row.dataset, middle)
        labels = [f"{i}: {metric.text(d, signed=True)}" for i, d in zip(row.images, row.found.differences, strict=True)]
        parts += _dots(labels, [scale.x(d) for d in row.found.differences], middle - 5, row.number)
        if row.found.interval.n:
            parts += _mean(scale, row.found, middle + 11)
    parts.append(_caption(f"difference in {metric.title}; better on the tinted side", bottom))
    return drawing(WIDTH, bottom + 38, title, parts)


def plane(points: Mapping[str, tuple[int, float, float]], across: Column, up: Column, title: str) -> Markup:
    """Draw models on the plane of two metrics; towards the upper right is better by both.

    Args:
        points: by model: the number of its colour, its mean of ``across`` and of ``up``, all finite.
        across: a metric for which higher is better, on the horizontal axis.
        up: a metric for which lower is better: its axis points down.
        title: of the drawing, for screen readers.
    """
    left, right, bottom = 52.0, WIDTH - 84, 190.0
    wide = axis([x for _, x, _ in points.values()], left=left, right=right)
    tall = axis([y for _, _, y in points.values()], left=TOP + 8, right=bottom - 8)
    parts = list(wide.drawn(TOP, bottom))
    for tick in tall.ticks(6):
        y = tall.x(tick)
        parts.append(tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", f"{tick:g}", x=left - 6, y=y + 4, class_="tick", text_anchor="end"))
    for model, (number, x, y) in points.items():
        parts.append(tag("circle", cx=wide.x(x), cy=tall.x(y), r=6.0, class_=f"dot m{number % COLOURS}"))
        parts.append(tag("text", _short(model), x=wide.x(x) + 10, y=tall.x(y) + 4, class_="name"))
    parts.append(_caption(f"{across.title} across, {up.label} upwards: better towards the upper right", bottom))
    return drawing(WIDTH, bottom + 38, title, parts)


def _box(values: Sequence[float], scale: Axis, middle: float, number: int) -> Iterator[Markup]:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return
    left, x, right = (scale.x(float(q)) for q in np.percentile(finite, (25, 50, 75)))
    shade = f"box m{number % COLOURS}"
    yield tag("rect", x=left, y=middle - 13, width=max(right - left, 1.0), height=26, rx=3, class_=shade)
    yield tag("line", x1=x, x2=x, y1=middle - 13, y2=middle + 13, class_="median")


def _mean(scale: Axis, found: Paired, middle: float) -> Iterator[Markup]:
    low, mean, high = (scale.x(v) for v in (found.interval.low, found.interval.mean, found.interval.high))
    yield tag("line", x1=low, x2=high, y1=middle, y2=middle, class_="interval")
    for end in (low, high):
        yield tag("line", x1=end, x2=end, y1=middle - 4, y2=middle + 4, class_="interval")
    yield tag("path", d=f"M{mean - 5:.2f} {middle:g}l5 -6l5 6l-5 6z", class_="mean")


def _dots(labels: Sequence[str], places: Sequence[float], middle: float, number: int) -> Iterator[Markup]:
    if len(places) > MOST_DOTS:
        ranks = np.linspace(0, len(places) - 1, MOST_DOTS).round().astype(int)
        shown = sorted(np.argsort(places, kind="stable")[ranks].tolist())
        labels, places = [labels[i] for i in shown], [places[i] for i in shown]
    for label, x, y in zip(labels, places, _spread(places, middle), strict=True):
        yield tag("circle", tag("title", label), cx=x, cy=y, r=2.6, class_=f"dot m{number % COLOURS}")


def _spread(places: Sequence[float], middle: float) -> list[float]:
    """Return heights at which dots do not hide one another, as far as there is room; always the same ones."""
    lanes = [middle, *(middle + side * 3.4 * lane for lane in (1, 2, 3) for side in (1, -1))]
    taken: list[list[float]] = [[] for _ in lanes]
    heights = []
    for count, place in enumerate(places):
        free = (i for i, others in enumerate(taken) if all(abs(place - other) > 5 for other in others))
        lane = next(free, count % len(lanes))
        taken[lane].append(place)
        heights.append(lanes[lane])
    return heights


def _name(model: str, dataset: str, middle: float) -> Iterator[Markup]:
    full = tag("title", f"{model} on {dataset}")
    yield tag("text", full, _short(model), x=LEFT - 10, y=middle - 1, class_="name", text_anchor="end")
    yield tag("text", full, _short(dataset), x=LEFT - 10, y=middle + 12, class_="tick", text_anchor="end")


def _caption(text: str, bottom: float) -> Markup:
    return tag("text", text, x=WIDTH / 2, y=bottom + 33, class_="caption", text_anchor="middle")


def _short(text: str) -> str:
    return text if len(text) <= 14 else text[:13] + "…"
