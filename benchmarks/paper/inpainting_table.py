"""Measure semantic inpainting and the classical methods on faces, as table 1 of its paper does.

    python benchmarks/paper/inpainting_table.py --data CELEBA

CELEBA is a folder or a zip of CelebA's aligned images: dcgan-faces was trained on the first 9,000, and the next are
measured. They are cut to faces of 64 x 64 pixels; `restore bench` measures all models with each of the four kinds of
holes. Started again, it goes on where it was. The results and the table in docs/inpainting.md are
written at the end; without --data the table alone is made again, of the results that are here.

Needed: `restore weights fetch lpips-alex`, for that column.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from restore import images
from restore.benchmark import results
from restore.errors import INTERRUPTED
from restore.scripting import errors_told
from restore.training.squares import load_squares

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "inpainting.md"
BEGIN, END = "<!-- the paper's table -->", "<!-- end of the paper's table -->"
TRAINED_ON, SIDE = 9000, 64
FOLDER = "celeba-faces"
"""What the data set is called in the results."""

MASKS: Mapping[str, str] = {
    "inpaint-center": "center",
    "inpaint-pattern": "pattern",
    "inpaint-random80": "random 80 %",
    "inpaint-half": "half",
}
PAPER = {"Context Encoder": (21.3, 19.2, 20.6, 15.5), "semantic inpainting": (19.4, 17.4, 22.8, 13.7)}
"""PSNR that the paper prints, of the whole image, in the order of the masks."""
OURS = "semantic-inpainting:prior=dcgan-faces,seed=0"
MODELS: Mapping[str, str] = {
    "telea": "Telea",
    "navier-stokes": "Navier-Stokes",
    "biharmonic": "biharmonic",
    OURS: "`ours`",
    f"{OURS},refine_steps=100,refine_stage=2": "`ours`, refined",
    f"{OURS},preset=paper-2017": "`paper-2017`",
    f"{OURS},preset=paper-2016": "`paper-2016`",
}
"""Specifications of the models, the protocols' baselines first, and what the table calls them."""
PAPERS = ("paper-2017", "paper-2016")
"""Presets that take most of the time."""


@errors_told()
def main() -> None:
    """Cut, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="CelebA's aligned images, a folder or a zip")
    parser.add_argument("--count", type=int, default=1000, help="faces after the first 9,000 [1000]")
    parser.add_argument("--only", choices=MASKS, action="append", help="protocols to measure; repeatable [all]")
    parser.add_argument("--without", choices=PAPERS, action="append", default=[], help="a preset to leave out")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--batch", type=int, default=64, help="faces at a time [64]")
    parser.add_argument(
        "-o", "--output", type=Path, default=ROOT / "runs" / "inpainting-table", help="runs [runs/inpainting-table]"
    )
    options = parser.parse_args()
    if options.data is not None:
        faces = cut(options.data, options.count, options.output / FOLDER)
        for protocol in options.only or MASKS:
            results.write(measure(protocol, faces, options), result(protocol))
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), published_table()), "utf-8")


def result(protocol: str) -> Path:
    """Return where the result of a protocol is kept."""
    return HERE / f"inpainting-table--{protocol}.json"


def cut(data: Path, count: int, folder: Path) -> Path:
    """Write the faces as PNG, named by their number in the set, and return their folder."""
    wanted = {folder / f"{TRAINED_ON + number:06d}.png" for number in range(1, count + 1)}
    if folder.is_dir() and set(folder.iterdir()) == wanted:
        return folder
    squares, told = load_squares(data, SIDE, lambda *_: None, first=TRAINED_ON + count)
    if len(squares) < TRAINED_ON + count:
        raise SystemExit(f"{data} holds {told}, and faces {TRAINED_ON + 1} to {TRAINED_ON + count} are to be measured")
    folder.mkdir(parents=True, exist_ok=True)
    for other in {*folder.iterdir()} - wanted:
        other.unlink()
    for number, square in enumerate(squares[TRAINED_ON:], TRAINED_ON + 1):
        images.load(square).save(folder / f"{number:06d}.png", overwrite=True)
    return folder


def measure(protocol: str, faces: Path, options: argparse.Namespace) -> results.Results:
    """Run a protocol and return its result without this machine's folders."""
    models = [model for model in MODELS if not model.endswith(tuple(options.without))]
    words = ["bench", protocol, *(word for model in models for word in ("-m", model)), "--batch", str(options.batch)]
    folder = options.output / protocol
    command = [sys.executable, "-c", "from restore.cli import main; main()", *words]
    done = subprocess.run([*command, "--data", str(faces), "-o", str(folder), "--device", options.device])
    if done.returncode == INTERRUPTED:
        raise SystemExit("interrupted; give the same command again to go on")
    if done.returncode:
        raise SystemExit(done.returncode)
    found = results.read(folder)
    datasets = [{**dataset, "folder": FOLDER} for dataset in found["datasets"]]
    return {**found, "command": ["restore", *words, "--data", FOLDER], "datasets": datasets}


def published_table() -> str:
    """Return the tables of the results that are here: of the whole image, and of the holes alone."""
    found = {protocol: results.read(result(protocol)) for protocol in MASKS if result(protocol).exists()}
    return "\n\n".join((table(found, "", "whole image"), table(found, "-hole", "hole alone")))


def table(found: Mapping[str, Mapping[str, Any]], region: str, title: str) -> str:
    """Return a table as Markdown: a column for each mask, a line for each model; the paper's PSNR below."""
    counts = sorted({len(dataset["images"]) for result in found.values() for dataset in result["datasets"]})
    about = f"{title}, {' or '.join(map(str, counts))} faces: PSNR / SSIM / LPIPS"
    lines = [
        f"| {about} | {' | '.join(MASKS[protocol] for protocol in found)} |",
        "|---|" + "---|" * len(found),
    ]
    there = {model["spec"] for result in found.values() for model in result["models"]}
    for spec, name in MODELS.items():
        if spec in there:
            cells = [cell(scores(result, spec), region) for result in found.values()]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    if not region:
        for name, values in PAPER.items():
            printed = [f"{values[list(MASKS).index(protocol)]:.1f}" for protocol in found]
            lines.append(f"| {name}, as the paper has it (PSNR) | {' | '.join(printed)} |")
    return "\n".join(lines)


def scores(found: Mapping[str, Any], spec: str) -> Mapping[str, float | None]:
    """Return the mean scores of a model."""
    [name] = [model["name"] for model in found["models"] if model["spec"] == spec]
    [row] = [row for row in found["summary"] if row["model"] == name]
    means: Mapping[str, float | None] = row["metrics"]
    return means


def cell(metrics: Mapping[str, float | None], region: str) -> str:
    """Return three scores; n/a where one was not measured."""
    digits: Sequence[tuple[str, int]] = (("psnr", 2), ("ssim", 3), ("lpips", 3))
    values = [(metrics.get(f"{name}{region}"), places) for name, places in digits]
    return " / ".join("n/a" if value is None else f"{value:.{places}f}" for value, places in values)


def with_table(text: str, tables: str) -> str:
    """Return the page with the tables between its marks. Raises ValueError where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for the table: it lies between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


if __name__ == "__main__":
    main()
