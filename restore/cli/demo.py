"""``restore demo``: photographs degraded, restored, measured, shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli.console import emit, say

if TYPE_CHECKING:
    from restore.demo import Trial

EPILOG = """
\b
Examples:
  restore demo
  restore demo -o /tmp/demo --json

Three photographs that scikit-image carries are made four times smaller by the
bicubic degradation, enlarged again by the models `bicubic` and `srresnet`, and
measured as papers do (protocol sr-y: luma, 4 pixels cropped). Nothing is
downloaded. DIR/comparison.png shows them side by side, with the detail in
which the models differ most; a later demo replaces it.
"""


@click.command(epilog=EPILOG)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("restore-demo"),
    show_default=True, metavar="DIR", help="Folder for the picture.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def demo(output: Path, as_json: bool) -> None:
    """Degrade, restore and measure photographs; show them side by side."""
    from restore import images
    from restore.demo import draw, trials

    done = []
    for trial in trials():
        height, width = trial.low.shape[:2]
        say(f"{trial.name}: {width} x {height} enlarged in {sum(trial.seconds.values()):.1f} s")
        done.append(trial)
    picture = images.save(images.load(draw(done)), output / "comparison.png", overwrite=True).resolve()
    if as_json:
        emit(
            {
                "command": "demo",
                "protocol": "sr-y",
                "scale": 4,
                "photographs": [{"name": t.name, "scores": t.scores, "seconds": t.seconds} for t in done],
                "picture": str(picture),
            }
        )
    else:
        click.echo(table(done))
        click.echo(f"\nside by side: {picture}")


def table(trials: Sequence[Trial]) -> str:
    """Return PSNR and SSIM of each model on each photograph as aligned text, with the mean below."""
    methods = list(trials[0].scores)
    rows = [(trial.name, trial.scores) for trial in trials]
    mean = {
        method: {key: sum(trial.scores[method][key] for trial in trials) / len(trials) for key in ("psnr", "ssim")}
        for method in methods
    }
    lines = [
        f"{'x4, PSNR (dB) and SSIM':<24}" + "".join(f"{method:>20}" for method in methods),
        *(
            f"{name:<24}" + "".join(f"{s[m]['psnr']:>12.2f}{s[m]['ssim']:>8.4f}" for m in methods)
            for name, s in [*rows, ("mean", mean)]
        ),
    ]
    return "\n".join(lines)
