"""Measure what the toolkit ships, keep the results in benchmarks/results, and write the table of the README.

    python benchmarks/publish.py --data DATA

DATA holds the folders set5, set14 and bsd100. Runs are kept, one folder a revision of the code, and go on when started
again. What is published names DATA and not where it lies.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from restore.benchmark import results
from restore.benchmark.provenance import git_commit
from restore.scripting import errors_told

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
RUNS = ROOT / "runs" / "published"
README = ROOT / "README.md"
HEADLINE = RESULTS / "sr-x4--cpu-amd-epyc-2-threads.json"
"""The result that the README's table is made of; others of the protocol may lie beside it."""
KNOB = ("srgan:fidelity=0.25", "srgan:fidelity=0.5", "srgan:fidelity=0.75")
PUBLISHED: Mapping[str, Sequence[str]] = {
    "sr-x2": ("nearest", "lanczos", "srresnet"),
    "sr-x3": ("nearest", "lanczos"),
    "sr-x4": ("nearest", "lanczos", "srresnet", "srresnet:ensemble=true", "srgan", *KNOB),
    "sr-x4-matlab": ("lanczos",),
    "sr-x4-real": (
        "lanczos",
        "srresnet",
        "srgan",
        "srgan.real-x4",
        "srgan.real-x4:fidelity=0.5",
        "srresnet.real-x4",
    ),
    "sr-x4-rgb": ("lanczos", "srresnet"),
    "denoise-gray-15": (),
    "denoise-gray-25": (),
    "denoise-gray-50": (),
    "denoise-rgb-25": (),
    "inpaint-center": (),
    "inpaint-half": (),
    "inpaint-pattern": (),
    "inpaint-random80": (),
}
"""Protocols, and the models that are measured beside their baselines."""
ELSEWHERE = ("srgan-fidelity=0.25", "srgan-fidelity=0.75")
"""Models of the headline that the README leaves to docs/srgan.md."""
BEGIN, END = "<!-- scores -->", "<!-- end of scores -->"
SETS = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100"}


@errors_told()
def main() -> None:
    """Measure, keep and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="test sets; without it only the README's table is made again")
    parser.add_argument("--only", choices=PUBLISHED, action="append", help="protocols to measure; repeatable [all]")
    parser.add_argument("--runs", type=Path, help="where runs are kept [runs/published/REVISION of the repository]")
    options = parser.parse_args()
    runs = options.runs or RUNS / (git_commit() or "installed")
    for protocol in (options.only or PUBLISHED) if options.data else ():
        measure(protocol, PUBLISHED[protocol], options.data, runs / protocol)
    text = README.read_text("utf-8")
    README.write_text(with_table(text, table()), "utf-8")


def measure(protocol: str, models: Sequence[str], data: Path, folder: Path) -> None:
    """Run a protocol in a folder and keep its result under the name of the hardware."""
    words = ["bench", protocol, *(argument for model in models for argument in ("-m", model))]
    command = "from restore.cli import main; main()"
    subprocess.run([sys.executable, "-c", command, *words, "--data", str(data), "-o", str(folder)], check=True)
    found = published(results.read(folder), words, data)
    environment = found["environment"]
    device = re.sub(r"[^a-z0-9]+", "-", f"{environment['device']} {environment['device_name']}".lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    results.write(found, RESULTS / f"{protocol}--{device}-{environment['threads']}-threads.json")


def published(result: Mapping[str, Any], words: Sequence[str], data: Path) -> results.Results:
    """Return a result with the command that anybody can give, and folders that say no more than it."""
    datasets = [
        {**dataset, "folder": str(PurePosixPath("DATA", Path(dataset["folder"]).relative_to(data).as_posix()))}
        for dataset in result["datasets"]
    ]
    return {**result, "command": ["restore", *words, "--data", "DATA"], "datasets": datasets}


def table() -> str:
    """Return the README's table: x4 super-resolution, from the published result."""
    result: dict[str, Any] = json.loads(HEADLINE.read_text("utf-8"))
    rows = {(row["model"], row["dataset"]): row["metrics"] for row in result["summary"]}
    models = [m for m in dict.fromkeys(row["model"] for row in result["summary"]) if m not in ELSEWHERE]
    lines = [
        "| x4, PSNR / SSIM / LPIPS | " + " | ".join(SETS.values()) + " |",
        "|---|" + "---|" * len(SETS),
    ]
    for model in models:
        cells = ("{psnr:.2f} / {ssim:.4f} / {lpips:.4f}".format_map(rows[model, dataset]) for dataset in SETS)
        lines.append(f"| `{model}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_table(text: str, scores: str) -> str:
    """Return the README with the table between its marks. Raises ValueError where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README.name} has no place for the table: it lies between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{scores}\n{END}{after}"


if __name__ == "__main__":
    main()
