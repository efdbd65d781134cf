"""The contact sheet: each photograph in all its states, and a detail of each enlarged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from restore.demo.trial import SCALE, Pixels, Trial

PANEL = 400
"""Width of a panel."""
DETAIL = (100, 60)
"""Width and height of the detail, in pixels of the original."""
GAP = 12
LINE = 24
INK, PAPER, FRAME = (32, 32, 32), (255, 255, 255), (220, 40, 40)


def draw(trials: Sequence[Trial]) -> Image.Image:
    """Return the sheet: a row of whole photographs and a row of details for each trial."""
    rows = [_row(trial) for trial in trials]
    sheet = Image.new("RGB", (rows[0].width + 2 * GAP, sum(r.height + GAP for r in rows) + GAP), PAPER)
    top = GAP
    for row in rows:
        sheet.paste(row, (GAP, top))
        top += row.height + GAP
    return sheet


def _row(trial: Trial) -> Image.Image:
    panels = _panels(trial)
    left, top = busiest(*trial.restored.values())
    box = (left, top, left + DETAIL[0], top + DETAIL[1])
    height = round(PANEL * trial.original.shape[0] / trial.original.shape[1])
    detail = round(PANEL * DETAIL[1] / DETAIL[0])
    row = Image.new("RGB", (len(panels) * (PANEL + GAP) - GAP, LINE + height + GAP + detail), PAPER)
    pen = ImageDraw.Draw(row)
    for column, (label, pixels) in enumerate(panels.items()):
        x = column * (PANEL + GAP)
        image = Image.fromarray(pixels)
        pen.text((x, 0), label, fill=INK, font=ImageFont.load_default(size=16))
        row.paste(image.resize((PANEL, height), Image.Resampling.LANCZOS), (x, LINE))
        _mark(pen, box, PANEL / image.width, x, LINE)
        row.paste(image.crop(box).resize((PANEL, detail), Image.Resampling.NEAREST), (x, LINE + height + GAP))
    return row


def _panels(trial: Trial) -> Mapping[str, Pixels]:
    """Return what is shown, from left to right, by label."""
    height, width = trial.low.shape[:2]
    panels = {f"{trial.name}: input, {width} x {height}": trial.low.repeat(SCALE, axis=0).repeat(SCALE, axis=1)}
    for method, image in trial.restored.items():
        scores = trial.scores[method]
        panels[f"{method}: {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.4f}"] = image
    return panels | {"original": trial.original}


def _mark(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], zoom: float, left: int, top: int) -> None:
    """Frame the detail in the whole photograph."""
    x0, y0, x1, y1 = (round(side * zoom) for side in box)
    pen.rectangle((left + x0, top + y0, left + x1, top + y1), outline=FRAME, width=2)


def busiest(*images: Pixels) -> tuple[int, int]:
    """Return the left and top of the detail where images ``(H, W, 3)`` differ most from one another."""
    width, height = DETAIL
    spread = np.ptp(np.stack(images).astype(np.int32), axis=0).sum(axis=2)
    sums: NDArray[np.int64] = np.pad(spread.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    return int(left), int(top)
