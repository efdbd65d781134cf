"""Draws the curves of docs/inversion.md: the objective of a search against its steps, by where it starts.

    python docs/draw_start.py [FOLDER]

They are those of benchmarks/inversion/start.json.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from restore.benchmark.report.svg import Axis, axis, drawing, tag
from restore.scripting import errors_told

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "inversion" / "start.json"
INKS = {
    "random": "#c1440e", "best random": "#b8a02a", "encoder": "#1b6ca8", "random, L-BFGS": "#c1440e",
    "encoder, L-BFGS": "#1b6ca8",
}  # fmt: skip
DASHED = ("random, L-BFGS", "encoder, L-BFGS")
STYLE = (
    "text{font:11px sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke-width:1.8}"
    "svg{background:#fff}.name{font-weight:bold}"
)
WIDTH, HEIGHT = 330.0, 240.0
"""Of a mask's part of the picture."""
LEFT, RIGHT, TOP, BOTTOM = 44.0, 320.0, 26.0, 206.0
TICKS = (1, 10, 50, 100, 500)


@errors_told()
def main() -> None:
    """Draw."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "start.svg").write_text(picture(json.loads(RESULT.read_text("utf-8"))) + "\n", "utf-8")


def picture(result: Mapping[str, Any]) -> Markup:
    """Return the masks' parts, two in a row, and what the colours mean."""
    parts: list[str] = [tag("style", Markup(STYLE))]
    for number, (name, found) in enumerate(result["masks"].items()):
        place = f"translate({WIDTH * (number % 2):g} {HEIGHT * (number // 2):g})"
        parts.append(tag("g", *part(name, found), transform=place))
    rows = math.ceil(len(result["masks"]) / 2)
    for number, (line, ink) in enumerate(INKS.items()):
        x, y = LEFT + 118 * number, HEIGHT * rows + 8
        parts.append(tag("line", x1=x, x2=x + 18, y1=y, y2=y, stroke=ink, stroke_width=2, **dashes(line)))
        parts.append(tag("text", f"best of {result['restarts']}" if line == "best random" else line, x=x + 22, y=y + 4))
    dots = "Dots: where searches with fewer steps end, whose learning rate falls sooner."
    parts.append(tag("text", dots, x=LEFT, y=HEIGHT * rows + 28))
    label = "The objective of a search against its steps, from random starts and from the encoder, for four masks"
    drawn = drawing(2 * WIDTH, HEIGHT * rows + 40, label, parts)
    return Markup(str(drawn).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def part(name: str, found: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[Markup]:
    """Yield axes, the curves of the longest searches, and where shorter ones end."""
    ends = [value for line in INKS for curve in found[line].values() for value in curve]
    longest = max(len(curve) for line in INKS for curve in found[line].values())
    across = Axis(low=0.0, high=math.log10(longest), left=LEFT, right=RIGHT)
    up = axis([-value for value in ends], left=TOP, right=BOTTOM)
    for tick in (tick for tick in TICKS if tick <= longest):
        x = across.x(math.log10(tick))
        yield tag("line", x1=x, x2=x, y1=TOP, y2=BOTTOM, class_="grid")
        yield tag("text", f"{tick}", x=x, y=BOTTOM + 14, text_anchor="middle")
    for level in up.ticks(5):
        y = up.x(level)
        yield tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", f"{-level:g}", x=LEFT - 5, y=y + 4, text_anchor="end")
    yield tag("text", name, x=LEFT, y=TOP - 9, class_="name")
    for line, ink in INKS.items():
        for steps, curve in found[line].items():
            points = [(across.x(math.log10(step)), up.x(-value)) for step, value in enumerate(curve, 1)]
            if int(steps) == longest or line in DASHED:
                joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                yield tag("polyline", points=joined, class_="line", stroke=ink, **dashes(line))
            else:
                yield tag("circle", cx=points[-1][0], cy=points[-1][1], r=3.0, fill=ink)


def dashes(line: str) -> dict[str, str]:
    """Return what tells L-BFGS from Adam."""
    return {"stroke_dasharray": "5 3"} if line in DASHED else {}


if __name__ == "__main__":
    main()
