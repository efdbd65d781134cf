"""The images of the page, as data inside it: before and after, enlarged details, error maps."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from restore import images
from restore.benchmark.outcome import Outcome
from restore.benchmark.report.crops import Box, Pixels, around, coloured, difference, error, places, shrunk
from restore.benchmark.report.selection import Choice
from restore.errors import InputError
from restore.images.regions import PEAKS

DETAIL = (48, 48)
DETAILS = 2
VIEW = (320, 240)
THUMBNAIL = 240
ORIGINAL, INPUT = "original", "input"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One state of an image or of a part of it.

    Args:
        label: the method, ``input`` or ``original``.
        pixels: what is shown.
        errors: of a part, the method's errors there.
        scores: of an error map, the method's scores of the image.
    """

    label: str
    pixels: str
    errors: str | None = None
    scores: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of an image in all states, and where it lies in percent of the image."""

    cells: tuple[Cell, ...]
    width: int
    height: int
    place: tuple[float, float, float, float]
    where: str

    @property
    def style(self) -> str:
        """The place as CSS."""
        sides = zip(("left", "top", "width", "height"), self.place, strict=True)
        return ";".join(f"{side}:{share:.2f}%" for side, share in sides)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """An image that the page shows.

    Args:
        thumbnail: the original, reduced.
        maps: whole error maps, a cell a model; their pixels are the map.
        view: the part that the slider shows.
        details: enlarged parts, largest difference first.
        peak: error in levels that a map shows brightest; the same for all maps of this image.
    """

    choice: Choice
    size: str
    thumbnail: str
    maps: tuple[Cell, ...]
    view: Part
    details: tuple[Part, ...]
    peak: float


def feature(outcome: Outcome, choice: Choice, folder: Path) -> Feature | None:
    """Return what the page shows of an image, or None where the files of the result are not there."""
    states = _states(outcome, choice, folder)
    if ORIGINAL not in states or not states.keys() - {ORIGINAL, INPUT}:
        return None
    target = states[ORIGINAL]
    methods = {name: pixels for name, pixels in states.items() if name not in (ORIGINAL, INPUT)}
    amount = difference(list(methods.values()), target)
    border = outcome.results["protocol"].get("fields", {}).get("crop_border", 0)
    scale = outcome.results["protocol"].get("fields", {}).get("scale", 1)
    boxes = places(amount, DETAIL, DETAILS, border=scale if border == "scale" else border)
    errors = {name: error(pixels, target) for name, pixels in methods.items()}
    peak = float(max(np.percentile(found, 99.5) for found in errors.values()))
    height, width = target.shape[:2]
    return Feature(
        choice=choice,
        size=f"{width} x {height}",
        thumbnail=_reduced(target),
        maps=tuple(
            Cell(
                label=name,
                pixels=_uri(coloured(shrunk(found, THUMBNAIL), peak)),
                scores=_scores(outcome, choice, name),
            )
            for name, found in errors.items()
        ),
        view=_part(states, {}, around(boxes[0], VIEW, target.shape), peak),
        details=tuple(_part(states, errors, box, peak) for box in boxes),
        peak=peak,
    )


def legend() -> str:
    """Return the colours of the error maps, from 0 at the left to the peak at the right."""
    return _uri(coloured(np.tile(np.linspace(0, 1, 256), (8, 1)), 1.0))


def _part(
    states: Mapping[str, Pixels],
    errors: Mapping[str, NDArray[np.float64]],
    box: Box,
    peak: float,
) -> Part:
    height, width = states[ORIGINAL].shape[:2]
    cells = tuple(
        Cell(
            label=name,
            pixels=_uri(box.of(pixels)),
            errors=_uri(coloured(errors[name][box.top : box.top + box.height, box.left : box.left + box.width], peak))
            if name in errors
            else None,
        )
        for name, pixels in states.items()
    )
    return Part(
        cells=cells,
        width=box.width,
        height=box.height,
        place=(
            100 * box.left / width, 100 * box.top / height, 100 * box.width / width, 100 * box.height / height
        ),
        where=f"x {box.left} to {box.left + box.width}, y {box.top} to {box.top + box.height}",
    )  # fmt: skip


def _states(outcome: Outcome, choice: Choice, folder: Path) -> dict[str, Pixels]:
    """Return the image in its states, all of the original's size and number of channels: input, methods, original."""
    target = _read(folder, choice, "target")
    if target is None:
        return {}
    height, width, channels = target.shape
    found: dict[str, Pixels] = {}
    observed = _read(folder, choice, "input")
    if observed is not None:
        resized = Image.fromarray(_rgb(observed)).resize((width, height), Image.Resampling.NEAREST)
        found[INPUT] = np.asarray(resized)
    for model in outcome.models:
        restored = _read(folder, choice, model)
        if restored is not None and restored.shape[:2] == (height, width):
            found[model] = restored if restored.shape[2] == channels else _rgb(restored)
    found[ORIGINAL] = target
    if len({pixels.shape[2] for pixels in found.values()}) > 1:
        return {name: _rgb(pixels) for name, pixels in found.items()}
    return found


def _read(folder: Path, choice: Choice, state: str) -> Pixels | None:
    """Return the pixels of a file of the result; None where it is not there or cannot be read."""
    try:
        pixels = images.load(folder / "images" / choice.dataset / state / f"{choice.image}.png").pixels[0]
    except InputError:
        return None
    if pixels.dtype == np.uint8:
        return pixels
    levels: Pixels = (pixels / PEAKS[pixels.dtype.name] * 255).round().astype(np.uint8)
    return levels


def _rgb(pixels: Pixels) -> Pixels:
    return pixels if pixels.shape[2] == 3 else pixels.repeat(3, axis=2)


def _scores(outcome: Outcome, choice: Choice, model: str) -> tuple[str, ...]:
    shown = []
    for metric in outcome.columns:
        value = outcome.scores(choice.dataset, model, metric.key).get(choice.image)
        if value is not None:
            shown.append(f"{metric.label} {metric.text(value)}")
    return tuple(shown)


def _reduced(pixels: Pixels) -> str:
    image = Image.fromarray(_rgb(pixels))
    image.thumbnail((THUMBNAIL * 2, THUMBNAIL * 2), Image.Resampling.LANCZOS)
    return _encoded(image, lossless=False)


def _uri(pixels: Pixels) -> str:
    """Return the pixels as they are, bit for bit."""
    return _encoded(Image.fromarray(_rgb(pixels)), lossless=True)


def _encoded(image: Image.Image, *, lossless: bool) -> str:
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=lossless, quality=90, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
