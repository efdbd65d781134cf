"""Draws the pictures of docs/priors.md, inversion.md and inpainting.md: what priors make, find and fill in.

    python docs/draw_inversion.py --data mnist/                  # all, into docs/pictures
    python docs/draw_inversion.py faces/ --of dcgan-faces --what inversion --weights dcgan-faces=run.safetensors

subjects.py says whose faces are shown. Nothing was chosen by its result.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont
from subjects import FACE, as_bytes, digits, faces
from torch import Tensor

import restore
from restore.cli.sample import draw
from restore.composition import build_degradation
from restore.contracts import Observation, Prior
from restore.demo.sheet import INK, PAPER
from restore.runtime import Restorer
from restore.scripting import errors_told
from restore.training.pictures import sheet

FOLDER = Path(__file__).resolve().parent / "pictures"
PRIORS = ("dcgan-faces", "dcgan-mnist", "gan-mnist")
WHAT = ("samples", "inversion", "inpainting")
SEED, GRID = 0, 3
"""Of degradations and searches, and of grids of samples."""
RESTARTS, SHOWN = 8, 3
"""Of inpainting, and how many of its candidates are shown."""
ENLARGED = {FACE: 2, 28: 3}
"""A side of the prior's images -> how much they are enlarged."""
GAP, LINE, LABEL, POINTS = 4, 20, 120, 14
QUALITY = 76
"""Of JPEG: a picture stays below 150 KB."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is undone."""

    told: str
    harm: str
    """The degradation."""
    known: str | None
    """What the search is told of it, besides the mask."""
    classical: str | None
    """What would do it without a prior, if anything."""


LARGER = Task(told="4 x larger", harm="bicubic:scale=4", known="bicubic:scale=4", classical="bicubic:scale=4")
HOLES = Task(told="holes", harm="mask-strokes:fill=0.5", known=None, classical="telea")
SHARPER = "gaussian-blur:sigma=2|bicubic:scale=2"
TASKS: Mapping[str, Sequence[Task]] = {
    "dcgan-faces": (
        LARGER,
        Task(told="noise of 0.1", harm="gaussian-noise:sigma=0.1", known=None, classical="nlm:sigma=0.1"),
        Task(told="colours", harm="grayscale", known="grayscale", classical=None),
        Task(told="8 levels", harm="quantize:levels=8", known="quantize:levels=8", classical=None),
        HOLES,
        Task(told="blur, half size", harm=SHARPER, known=SHARPER, classical="bicubic:scale=2"),
    ),
    "dcgan-mnist": (
        LARGER,
        Task(told="noise of 0.3", harm="gaussian-noise:sigma=0.3", known=None, classical="nlm:sigma=0.3"),
        Task(told="2 levels", harm="quantize:levels=2", known="quantize:levels=2", classical=None),
        HOLES,
        Task(told="blur, half size", harm=SHARPER, known=SHARPER, classical="bicubic:scale=2"),
    ),
}
REFINED: Mapping[str, Mapping[str, int]] = {
    "dcgan-faces": {"refine_steps": 200, "refine_stage": 2},
    "dcgan-mnist": {"refine_steps": 200, "refine_stage": 1},
}
MASKS: Mapping[str, str] = {
    "center": "mask-center:size=0.5,fill=0.5",
    "pattern": "mask-pattern:share=0.25,fill=0.5",
    "random80": "mask-random:share=0.8,fill=0.5",
    "half": "mask-half:side=right,fill=0.5",
}
"""Those of the protocols inpaint-*, missing pixels gray, and of the four halves always the same."""
CLASSICAL = ("telea", "biharmonic")
Panels = Sequence[Tensor | None]
"""Images uint8 ``(1 or 3, h, w)`` of a row; None leaves a place empty."""
Rows = Sequence[tuple[str, Panels]]


@dataclass(frozen=True, kw_only=True)
class Search:
    """The prior that is searched, and settings that are not the models' own."""

    prior: str
    settings: Mapping[str, Any]
    """``weights``, ``steps``."""

    def load(self, model: str, **options: Any) -> Restorer:
        """Return a model that searches it. Raises RestoreError."""
        return restore.load(model, device="cpu", prior=self.prior, seed=SEED, **self.settings, **options)

    def loaded(self) -> Prior:
        """Return the prior. Raises RestoreError."""
        return restore.load_prior(self.prior, device="cpu", weights=self.settings.get("weights"))


@errors_told()
def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where pictures go [docs/pictures]")
    parser.add_argument("--data", type=Path, help="folder with MNIST, for searches of dcgan-mnist")
    parser.add_argument("--of", nargs="+", choices=PRIORS, default=PRIORS, help="of which priors [all]")
    parser.add_argument("--what", nargs="+", choices=WHAT, default=WHAT, help="which pictures [all]")
    parser.add_argument(
        "--weights", action="append", default=[], metavar="PRIOR=FILE", help="instead of those that are installed"
    )
    parser.add_argument("--steps", type=int, help="of each search, to try this out [the models' own]")
    options = parser.parse_args()
    files = dict(pair.partition("=")[::2] for pair in options.weights)
    if unknown := set(files) - set(PRIORS):
        parser.error(f"--weights: there is no prior {', '.join(sorted(unknown))}; there are {', '.join(PRIORS)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    for prior in options.of:
        given = {"weights": files.get(prior), "steps": options.steps}
        search = Search(prior=prior, settings={key: value for key, value in given.items() if value is not None})
        for name, drawn in pictures(search, options.what, options.data):
            drawn.save(options.folder / name, quality=QUALITY, optimize=True)


def pictures(search: Search, what: Sequence[str], data: Path | None) -> Iterator[tuple[str, Image.Image]]:
    """Yield the pictures of one prior and the names of their files. Raises RestoreError."""
    of_faces = search.prior == "dcgan-faces"
    suffix = "jpg" if of_faces else "png"
    if "samples" in what:
        yield f"samples-{search.prior}.{suffix}", samples(search)
    if search.prior not in TASKS or not {"inversion", "inpainting"} & set(what):
        return
    shown = faces(search.loaded()) if of_faces else digits(data)
    images = torch.stack([*shown.values()])
    for kind, columns, rows in (
        ("inversion", ("original", "observed", "classical", "inversion", "and refined"), undone),
        ("inpainting", ("original", "masked", *CLASSICAL, *numbered("G(z)"), *numbered("blended")), filled),
    ):
        if kind in what:
            made = rows(search, images)
            for name, own in [*zip(shown, made, strict=True)] if of_faces else [("digits", interleaved(made))]:
                yield f"{kind}-{name}.{suffix}", table(columns, own, images.shape[-1])


def numbered(name: str) -> Iterator[str]:
    """Yield the columns of the candidates."""
    return (f"{name} {number + 1}" for number in range(SHOWN))


def samples(search: Search) -> Image.Image:
    """Return 64 images as `restore sample` draws them."""
    drawn = torch.cat([*draw(search.loaded(), 64, GRID)])
    return Image.fromarray(sheet({"samples": drawn}).permute(1, 2, 0).numpy())


def degraded(harm: str, images: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return images uint8 ``(B, C, H, W)`` degraded, and what they miss ``(B, 1, H, W)``."""
    seen = build_degradation(harm).observe(images / 255, torch.Generator().manual_seed(SEED))
    return as_bytes(seen.image), seen.mask


def undone(search: Search, images: Tensor) -> Sequence[Rows]:
    """Return for each image a row for each task."""
    made: list[list[tuple[str, Panels]]] = [[] for _ in images]
    for task in TASKS[search.prior]:
        seen, mask = degraded(task.harm, images)
        found, refined = (
            search.load("inversion", degradation=task.known, **more)(seen, mask=mask)
            for more in ({}, REFINED[search.prior])
        )
        beside = [None] * len(images) if task.classical is None else restore.load(task.classical)(seen, mask=mask)
        label = f"{task.told}\n({task.classical.partition(':')[0]})" if task.classical else task.told
        for own, *row in zip(made, images, seen, beside, found, refined, strict=True):
            own.append((label, row))
    return made


def filled(search: Search, images: Tensor) -> Sequence[Rows]:
    """Return for each image a row for each mask."""
    made: list[list[tuple[str, Panels]]] = [[] for _ in images]
    module = search.load("semantic-inpainting", restarts=RESTARTS).module
    for label, harm in MASKS.items():
        seen, mask = degraded(harm, images)
        beside = [restore.load(name)(seen, mask=mask) for name in CLASSICAL]
        candidates = module.candidates(Observation(image=seen / 255, mask=mask))
        best = candidates.found.scores.argsort(dim=1, stable=True)[..., None, None, None]
        makings = as_bytes(candidates.found.images.take_along_dim(best, 1)[:, :SHOWN])
        fills = as_bytes(candidates.images[:, :SHOWN])
        for own, image, holed, *classical, makes, several in zip(
            made, images, seen, *beside, makings, fills, strict=True
        ):
            own.append((label, [image, holed, *classical, *makes, *several]))
    return made


def interleaved(made: Sequence[Rows]) -> Rows:
    """Return the rows of several images as one table's: those of one task below each other."""
    return [row for together in zip(*made, strict=True) for row in together]


def table(columns: Sequence[str], rows: Rows, size: int) -> Image.Image:
    """Return rows of panels, pixels enlarged, with labels on the left and above.

    Args:
        columns: labels.
        rows: labels, of which one that is repeated is shown once, and panels; smaller panels are enlarged as much as
            they need.
        size: side of a full panel in its own pixels.
    """
    side = size * ENLARGED[size]
    step = side + GAP
    drawn = Image.new("RGB", (LABEL + len(columns) * step - GAP, LINE + len(rows) * step - GAP), PAPER)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(size=POINTS)
    for column, label in enumerate(columns):
        pen.text((LABEL + column * step, 0), label, fill=INK, font=font)
    for row, (label, panels) in enumerate(rows):
        y = LINE + row * step
        if row == 0 or label != rows[row - 1][0]:
            pen.multiline_text((0, y + side // 2 - POINTS), label, fill=INK, font=font)
        for column, panel in enumerate(panels):
            if panel is not None:
                pixels = panel.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy()
                enlarged = Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
                drawn.paste(enlarged, (LABEL + column * step, y))
    return drawn


if __name__ == "__main__":
    main()
