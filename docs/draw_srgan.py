"""Draws the pictures of docs/srgan.md: details of photographs enlarged in several ways, and the knob's curve.

    python docs/draw_srgan.py [FOLDER]

The photographs are those that scikit-image carries; the curve is drawn from the published result.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

import restore
from restore.benchmark.report.svg import axis, drawing, tag
from restore.demo.sheet import GAP, INK, LINE, PAPER
from restore.demo.trial import SCALE, Pixels, photograph, trials
from restore.scripting import errors_told

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "sr-x4--cpu-amd-epyc-2-threads.json"
METHODS: Mapping[str, Mapping[str, Any]] = {
    "bicubic": {"scale": SCALE}, "srresnet": {}, "srgan:fidelity=0.5": {}, "srgan": {},
}  # fmt: skip
DETAILS: Mapping[str, tuple[int, int]] = {"astronaut": (180, 60), "chelsea": (120, 60), "rocket": (300, 300)}
"""Left and top of what is shown of a photograph."""
SIDE, ZOOM = 64, 4
"""Of a detail, in pixels of the original, and how much it is enlarged: 400 %."""
AS_THEY_ARE: Mapping[str, tuple[int, int]] = {"rocket": (300, 300), "coffee": (150, 60), "chelsea": (120, 60)}
"""Left and top of what is shown of a photograph that nobody made smaller first."""
FOR_REAL = ("srgan.photo-x4", "srresnet.real-x4", "srgan.real-x4:fidelity=0.5", "srgan.real-x4")
KNOB = "fidelity="
SETS = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100"}
INKS = ("#1b6ca8", "#c1440e", "#3a7d44")
STYLE = (
    "text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke-width:2}"
    "svg{background:#fff}.name{font-weight:bold}"
)


@errors_told()
def main() -> None:
    """Draw all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    details().save(folder / "srgan.jpg", quality=90)
    enlarged().save(folder / "srgan-real.jpg", quality=90)
    (folder / "srgan-knob.svg").write_text(curve(json.loads(RESULT.read_text("utf-8"))) + "\n", "utf-8")


def details() -> Image.Image:
    """Return a row for each photograph, made smaller and restored: its detail by each method, and as it was."""
    rows = []
    for trial in trials(tuple(DETAILS), METHODS):
        panels = {**trial.restored, "original": photograph(trial.name)}
        boxed = {name: _cut(pixels, DETAILS[trial.name]) for name, pixels in panels.items()}
        rows.append(_row(boxed, labelled=not rows))
    return _sheet(rows)


def enlarged() -> Image.Image:
    """Return a row for each photograph as it is: a detail four times as large, by each method."""
    methods = {name: restore.load(name) for name in FOR_REAL}
    rows = []
    for name, corner in AS_THEY_ARE.items():
        detail = _cut(photograph(name), corner)
        panels = {"the photograph": detail, **{told: method(detail) for told, method in methods.items()}}
        rows.append(_row(panels, labelled=not rows))
    return _sheet(rows)


def _cut(pixels: Pixels, corner: tuple[int, int]) -> Pixels:
    left, top = corner
    return pixels[top : top + SIDE, left : left + SIDE]


def _sheet(rows: Sequence[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (rows[0].width, sum(row.height + GAP for row in rows) - GAP), PAPER)
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + GAP
    return sheet


def _row(panels: Mapping[str, Pixels], *, labelled: bool) -> Image.Image:
    side, head = SIDE * ZOOM, LINE if labelled else 0
    row = Image.new("RGB", (len(panels) * (side + GAP) - GAP, head + side), PAPER)
    pen = ImageDraw.Draw(row)
    for column, (label, pixels) in enumerate(panels.items()):
        x = column * (side + GAP)
        if labelled:
            pen.text((x, 0), label, fill=INK, font=ImageFont.load_default(size=16))
        row.paste(Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST), (x, head))
    return row


@dataclass(frozen=True)
class Point:
    """A position of the knob."""

    fidelity: float
    psnr: float
    lpips: float


def knob(result: Mapping[str, Any], dataset: str) -> Sequence[Point]:
    """Return what the published result has of the knob: srgan is 0, srresnet is 1."""
    ends = {"srgan": 0.0, "srresnet": 1.0}
    found = []
    for row in result["summary"]:
        model, metrics = row["model"], row["metrics"]
        known = ends.get(model, float(model.partition(KNOB)[2]) if KNOB in model else None)
        if row["dataset"] == dataset and known is not None:
            found.append(Point(known, metrics["psnr"], metrics["lpips"]))
    return sorted(found, key=lambda point: point.fidelity)


def curve(result: Mapping[str, Any]) -> Markup:
    """Draw PSNR against LPIPS along the knob; towards the upper left is better by both."""
    lines = {told: knob(result, dataset) for dataset, told in SETS.items()}
    left, right, top, bottom = 52.0, 560.0, 12.0, 300.0
    points = [point for line in lines.values() for point in line]
    across = axis([point.lpips for point in points], left=left, right=right)
    up = axis([-point.psnr for point in points], left=top, right=bottom)
    parts: list[str] = [tag("style", Markup(STYLE)), *across.drawn(top, bottom)]
    for tick in up.ticks():
        y = up.x(tick)
        parts.append(tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(tag("text", f"{-tick:g}", x=left - 6, y=y + 4, text_anchor="end"))
    for (name, line), ink in zip(lines.items(), INKS, strict=True):
        places = [(across.x(point.lpips), up.x(-point.psnr)) for point in line]
        parts += _line(name, line, places, ink)
    middle = (left + right) / 2
    parts.append(tag("text", "LPIPS across, PSNR (dB) upwards; the numbers are fidelity", x=middle, y=bottom + 34,
                     text_anchor="middle"))  # fmt: skip
    label = "PSNR and LPIPS of srgan along its knob, on three test sets"
    return Markup(str(drawing(600, 344, label, parts)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def _line(name: str, line: Sequence[Point], places: Sequence[tuple[float, float]], ink: str) -> Iterator[Markup]:
    yield tag("polyline", points=_joined(places), class_="line", stroke=ink)
    for point, (x, y) in zip(line, places, strict=True):
        yield tag("circle", cx=x, cy=y, r=4.0, fill=ink)
        yield tag("text", f"{point.fidelity:g}", x=x + 7, y=y + 14)
    yield tag("text", name, x=places[-1][0] - 8, y=places[-1][1] - 10, class_="name", text_anchor="end")


def _joined(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


if __name__ == "__main__":
    main()
