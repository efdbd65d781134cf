"""Train and measure the rows of table 1 of SRGAN's paper: pixels or features, without and with a discriminator.

    python benchmarks/paper/srgan_table.py --train PHOTOS --data DATA

DATA holds the folders set5, set14 and bsd100. Every row starts from srresnet.psnr-x4 and is trained for the same number
of steps, by `restore train` with the options below; `restore bench sr-x4` measures what came of it. Started again, it
goes on where it was; rows that were trained otherwise are refused. The result, the commands and the table in
docs/srgan.md are written at the end; without --train and --data the table alone is made again, of the result that is
here.

Needed: `restore weights import vgg19-caffe FILE`, and lpips-alex for that column.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from restore import weights as store
from restore.benchmark import results
from restore.errors import INTERRUPTED
from restore.options import check
from restore.registry import registry
from restore.scripting import errors_told
from restore.training import checkpoint
from restore.training.loop import CHECKPOINT

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
RESULT, COMMANDS = HERE / "srgan_table.json", HERE / "srgan_table_commands.json"
PAGE = ROOT / "docs" / "srgan.md"
BEGIN, END = "<!-- the paper's table -->", "<!-- end of the paper's table -->"
PROTOCOL, START = "sr-x4", "srresnet.psnr-x4"
SETS = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100"}

COMMON = {
    "init": START, "batch_size": 8, "patch": 96, "learning_rate": 2e-4, "ema": 0.99, "sampling": "image", "seed": 0,
}  # fmt: skip
PIXELS = {"warmup": 0, "clip": "none"}
ADVERSARIAL = {
    "adversarial": "vanilla", "adversarial_weight": 1e-3, "critic_rate": 2e-4, "schedule": "cosine",
    "head": "dense", "norm": "batch", "channels": 64,
}  # fmt: skip
MSE = "4*mse"
"""Of images in [-1, 1], as the paper has them, a squared error is four times that in [0, 1]."""
VGG22 = "7e-5*perceptual:net=vgg19,layers=phi2_2"
"""Equation 5 up to its factor, which makes it as large as ``MSE`` at the start: "comparable to the MSE loss"."""
VGG54 = "perceptual:net=vgg19-torchvision,layers=phi5_4,channels=sum,scale=0.0784314"
"""Equation 5 and its factor to the letter, in the network whose features are of that size."""
TV = "4e-8*tv"
"""The paper's 2e-8, of images in [-1, 1]."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table."""

    title: str
    recipe: str
    model: str
    options: Mapping[str, object]
    paper: Mapping[str, tuple[float, float]]
    """PSNR and SSIM that the paper prints, by data set."""


ROWS: Mapping[str, Row] = {
    "srresnet-mse": Row(
        title="SRResNet-MSE", recipe="srresnet-x4", model="srresnet", options={**PIXELS, "content": MSE},
        paper={"set5": (32.05, 0.9019), "set14": (28.49, 0.8184)},
    ),
    "srresnet-vgg22": Row(
        title="SRResNet-VGG22", recipe="srresnet-x4", model="srresnet",
        options={**PIXELS, "content": f"{VGG22} + {TV}"}, paper={"set5": (30.51, 0.8803), "set14": (27.19, 0.7807)},
    ),
    "srgan-mse": Row(
        title="SRGAN-MSE", recipe="srgan-x4", model="srgan", options={**ADVERSARIAL, "content": MSE},
        paper={"set5": (30.64, 0.8701), "set14": (26.92, 0.7611)},
    ),
    "srgan-vgg22": Row(
        title="SRGAN-VGG22", recipe="srgan-x4", model="srgan", options={**ADVERSARIAL, "content": VGG22},
        paper={"set5": (29.84, 0.8468), "set14": (26.44, 0.7518)},
    ),
    "srgan-vgg54": Row(
        title="SRGAN-VGG54", recipe="srgan-x4", model="srgan", options={**ADVERSARIAL, "content": VGG54},
        paper={"set5": (29.40, 0.8472), "set14": (26.02, 0.7397)},
    ),
}  # fmt: skip
USUAL = tuple(name for name in ROWS if name != "srgan-vgg54")
"""Rows for which the weights that end at relu3_4 will do."""


@errors_told()
def main() -> None:
    """Train, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, help="photographs to train on")
    parser.add_argument("--data", type=Path, help="test sets")
    parser.add_argument("--steps", type=int, default=400, help="of each row [400]")
    parser.add_argument("--only", choices=ROWS, action="append", help=f"rows; repeatable [{', '.join(USUAL)}]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--precision", default="bfloat16", help="of training [bfloat16]")
    parser.add_argument("--checkpoint-every", type=int, default=50, help="steps that an interruption costs [50]")
    parser.add_argument("--limit", type=int, help="measure the first N images of each set only, and write no table")
    parser.add_argument(
        "-o", "--output", type=Path, default=ROOT / "runs" / "srgan-table", help="runs [runs/srgan-table]"
    )
    options = parser.parse_args()
    if options.train is None and options.data is None:
        publish()
        return
    if options.train is None or options.data is None:
        parser.error("training and measuring take both --train and --data")
    trained(options)
    for name in options.only or USUAL:
        train(ROWS[name], name, options)
    rows = trained(options)
    found = measure(list(rows), options)
    if options.limit is not None:
        print(table(found, options.steps))
        return
    results.write(found, RESULT)
    lines = {name: shown_command(ROWS[name], name, options.steps, precision) for name, precision in rows.items()}
    COMMANDS.write_text(json.dumps(lines, indent=1) + "\n", "utf-8")
    publish()


def publish() -> None:
    """Write the table of the result that is here into the page."""
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), published_table()), "utf-8")


def published_table() -> str:
    """Return the table of the result that is here."""
    [steps] = {int(line[line.index("--steps") + 1]) for line in json.loads(COMMANDS.read_text("utf-8")).values()}
    return table(results.read(RESULT), steps)


def arguments(row: Row, name: str, steps: int) -> list[str]:
    """Return the words of `restore train` that a row consists of."""
    pairs = [word for key, value in {**COMMON, **row.options}.items() for word in ("--set", f"{key}={value}")]
    return ["train", row.recipe, "--steps", str(steps), "-o", name, *pairs]


def shown_command(row: Row, name: str, steps: int, precision: str) -> list[str]:
    """Return the command of a row as anybody can give it."""
    return ["restore", *arguments(row, name, steps), "--data", "PHOTOS", "--precision", precision]


def trained(options: argparse.Namespace) -> dict[str, str]:
    """Return the rows that are finished, and the precision of each, as their files tell it.

    Exits where one was trained otherwise than this call says, for the table says it of all.
    """
    found = {}
    for name, row in ROWS.items():
        folder = options.output / name
        file = folder / f"{row.recipe}.safetensors"
        if not file.is_file():
            continue
        header = store.header(file).metadata
        precision = str(checkpoint.load(folder / CHECKPOINT)["precision"])
        component = registry().find("recipe", row.recipe)
        given = {**COMMON, **row.options, "steps": options.steps}
        wanted = check(row.recipe, component.factory(), {key: str(value) for key, value in given.items()})
        taken = check(row.recipe, component.factory(), json.loads(header["recipe_options"]))
        taken["steps"] = int(header["steps"])
        if options.precision != "auto":
            wanted["precision"], taken["precision"] = options.precision, precision
        for key in wanted | taken:
            if taken.get(key) != wanted.get(key):
                raise SystemExit(
                    f"{folder} was trained with {key}={taken.get(key)}, and this table is of {key}={wanted.get(key)}; "
                    "move it away to train it anew, or give the options that it was trained with"
                )
        found[name] = precision
    return found


def train(row: Row, name: str, options: argparse.Namespace) -> None:
    """Train a row, or go on with it; one that is finished is left as it is."""
    words = arguments(row, name, options.steps)
    words += ["--data", str(options.train.absolute()), "--device", options.device, "--precision", options.precision]
    words += ["--checkpoint-every", str(options.checkpoint_every)]
    run([*words, *(["--resume"] if (options.output / name / CHECKPOINT).is_file() else [])], options.output)


def measure(names: Sequence[str], options: argparse.Namespace) -> results.Results:
    """Measure the start and what was trained, and return the result without this machine's folders."""
    words = ["bench", PROTOCOL, "-m", "srresnet"]
    for name in names:
        shutil.copyfile(options.output / name / f"{ROWS[name].recipe}.safetensors", options.output / weights(name))
        words += ["-m", f"{ROWS[name].model}@{weights(name)}"]
    data = options.data.absolute()
    limit = [] if options.limit is None else ["--limit", str(options.limit)]
    run([*words, "--data", str(data), "-o", "bench", "--device", options.device, *limit], options.output)
    found = results.read(options.output / "bench")
    datasets = [
        {**dataset, "folder": str(PurePosixPath("DATA", Path(dataset["folder"]).relative_to(data).as_posix()))}
        for dataset in found["datasets"]
    ]
    return {**found, "command": ["restore", *words, "--data", "DATA"], "datasets": datasets}


def weights(name: str) -> str:
    """Return the file of a row's weights that is measured, so called that scores bear the row's name."""
    return f"{name}.safetensors"


def run(words: Sequence[str], folder: Path) -> None:
    """Run the command line in a folder, so that results name files below it. Exits where it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, "-c", "from restore.cli import main; main()", *words], cwd=folder)
    if done.returncode == INTERRUPTED:
        raise SystemExit("interrupted; give the same command again to go on")
    if done.returncode:
        raise SystemExit(done.returncode)


def table(found: Mapping[str, Any], steps: int) -> str:
    """Return the table as Markdown: ours, and the paper's beside it."""
    specs = {model["name"]: model["spec"] for model in found["models"]}
    rows = {(specs[row["model"]], row["dataset"]): row["metrics"] for row in found["summary"]}
    titles: dict[str, tuple[str, Row | None]] = {
        "bicubic": ("bicubic", None),
        "srresnet": (f"`{START}`, the start", None),
    }
    titles |= {f"{row.model}@{weights(name)}": (row.title, row) for name, row in ROWS.items()}
    lines = [
        f"| {steps} steps each: PSNR / SSIM / LPIPS | {' | '.join(SETS.values())} | the paper's Set5 | its Set14 |",
        "|---|" + "---|" * (len(SETS) + 2),
    ]
    for spec, (title, row) in titles.items():
        if (spec, "set5") in rows:
            ours = [cell(rows[spec, dataset]) for dataset in SETS]
            theirs = ["" if row is None else "{:.2f} / {:.4f}".format(*row.paper[key]) for key in ("set5", "set14")]
            lines.append(f"| {title} | {' | '.join([*ours, *theirs])} |")
    return "\n".join(lines)


def cell(metrics: Mapping[str, float | None]) -> str:
    """Return three scores; LPIPS is n/a where its network is not here."""
    lpips = metrics["lpips"]
    return f"{metrics['psnr']:.2f} / {metrics['ssim']:.4f} / {'n/a' if lpips is None else f'{lpips:.4f}'}"


def with_table(text: str, scores: str) -> str:
    """Return the page with the table between its marks. Raises ValueError where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for the table: it lies between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{scores}\n{END}{after}"


if __name__ == "__main__":
    main()
