"""The command line, ``restore``: one module a command, imported when the command runs."""

from __future__ import annotations

import os
import sys

import click

import restore
from restore.cli.group import ErrorBoundary

COMMANDS = {
    "demo": ("restore.cli.demo:demo", "Degrade, restore and measure a photograph."),
    "list": ("restore.cli.listing:list_", "List what the installed plugins offer."),
    "info": ("restore.cli.info:info", "Explain a component, or show the card of weights."),
    "doctor": ("restore.cli.doctor:doctor", "Check the installation and this machine."),
    "run": ("restore.cli.run:run", "Restore images."),
    "degrade": ("restore.cli.degrade:degrade", "Degrade images on purpose."),
    "metric": ("restore.cli.metric:metric", "Score predictions against targets."),
    "bench": ("restore.cli.bench:bench", "Measure models on data sets under a protocol."),
    "compare": ("restore.cli.compare:compare", "Compare two results, image by image."),
    "train": ("restore.cli.train:train", "Train weights by a recipe."),
    "sample": ("restore.cli.sample:sample", "Draw images from a prior."),
    "weights": ("restore.cli.weights:weights", "List, verify, import and convert weights."),
    "plugin": ("restore.cli.plugins:plugin", "Look after plugins."),
}

EPILOG = """
\b
Exit codes: 0 ok, 1 some inputs failed, 2 usage, 3 plugin or model missing or
broken, 4 weights, 5 device or memory, 130 interrupted.
"""


@click.group(
    cls=ErrorBoundary,
    lazy=COMMANDS,
    switches=("--debug", "--no-plugins"),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(restore.__version__, "-V", "--version", prog_name="restore", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--no-plugins", is_flag=True, help="Load no plugin but those of the toolkit itself.")
def cli(debug: bool, no_plugins: bool) -> None:  # noqa: ARG001 - the error boundary looks at --debug
    """Restore images: super-resolution, inpainting, denoising, by plugins."""
    if no_plugins:
        # Worker processes discover plugins again and must come to the same set.
        os.environ["RESTORE_PLUGINS"] = "restore-toolkit"


def main() -> None:
    """Run the command line and exit with its code."""
    # A name or a picture of the progress that the terminal cannot print is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    cli(prog_name="restore")
