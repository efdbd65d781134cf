"""Draws the picture of docs/degradations.md: a photograph as it was, and eight times as `photo` degrades it.

    python docs/draw_photo.py [FOLDER]

The photograph is one that scikit-image carries.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from restore.composition import observe
from restore.demo.sheet import GAP, INK, LINE, PAPER
from restore.demo.trial import Pixels, photograph
from restore.scripting import errors_told

FOLDER = Path(__file__).resolve().parent / "pictures"
NAME, CORNER, SIDE = "astronaut", (80, 0), 320
"""Of the photograph, left and top of what is degraded, and its side in pixels."""
SPEC, SCALE = "photo:scale=4", 4
SEEDS, COLUMNS = range(8), 3


@errors_told()
def main() -> None:
    """Draw it."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    sheet().save(folder / "photo.jpg", quality=88)


def sheet() -> Image.Image:
    """Return the original and the degraded ones, pixels enlarged, in rows of three."""
    left, top = CORNER
    original = photograph(NAME)[top : top + SIDE, left : left + SIDE]
    panels: dict[str, Pixels] = {"original": original}
    for seed in SEEDS:
        degraded = observe(original, SPEC, seed=seed)
        panels[f"{seed}: {told(degraded.params)}"] = degraded.photo.numpy()
    across, down = SIDE + GAP, SIDE + LINE + GAP
    drawn = Image.new("RGB", (COLUMNS * across - GAP, -(-len(panels) // COLUMNS) * down - GAP), PAPER)
    pen = ImageDraw.Draw(drawn)
    for place, (caption, pixels) in enumerate(panels.items()):
        x, y = place % COLUMNS * across, place // COLUMNS * down
        pen.text((x, y + 4), caption, fill=INK, font=ImageFont.load_default(size=14))
        drawn.paste(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.NEAREST), (x, y + LINE))
    return drawn


def told(params: Mapping[str, Any]) -> str:
    """Return what happened to one image, in a line."""
    drawn = {name: value for name, [value] in params.items()}
    blur = f"{drawn['sigma']:.1f}" + (f" x {drawn['across']:.1f}" if drawn["across"] != drawn["sigma"] else "")
    kind = f"{'gray ' if drawn['gray'] else ''}{'photons' if drawn['photon'] else 'noise'}"
    return f"blur {blur}, size {drawn['resize']:.1f}, {kind} {drawn['noise']:.2f}, JPEG {drawn['quality']}"


if __name__ == "__main__":
    main()
