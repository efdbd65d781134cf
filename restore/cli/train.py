"""``restore train``: run a recipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.cli import several
from restore.cli.words import words
from restore.errors import INTERRUPTED, InputError, PluginError, UsageError
from restore.values import as_text, convert

if TYPE_CHECKING:
    from restore.options import Factory

EXAMPLES = """
\b
Examples:
  restore train srresnet-x4 --data photos --validation Set5
  restore train srresnet-x4 --data photos --steps 20000 --set batch_size=32
  restore train srresnet-x4 --resume
  restore train srgan-x4 --data photos --processes 2
  tensorboard --logdir runs

Ctrl-C finishes the step, writes a checkpoint and stops; --resume goes on from
it with the run's own data, device and precision. The run folder gets
log.jsonl, TensorBoard curves, pictures, checkpoint.safetensors and at the end
RECIPE.safetensors (weights for `restore run --weights`) with a card,
RECIPE.md. `restore info RECIPE` lists the options for --set.
"""


@click.command(epilog=EXAMPLES)
@click.argument("recipe")
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Training images, unless RECIPE has its own."
)
@click.option("--validation", type=click.Path(path_type=Path), metavar="DIR", help="Images to score on meanwhile.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Run folder  [runs/RECIPE].")
@click.option("--set", "pairs", multiple=True, metavar="K=V", help="An option of the recipe; repeatable.")
@click.option("--steps", type=click.IntRange(min=1), help="Short for --set steps=N.")
@click.option("--seed", type=int, help="Short for --set seed=N.")
@click.option("--resume", is_flag=True, help="Continue the run in the run folder.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--precision", default="auto", show_default=True, help="auto, float32 or bfloat16.")
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="A GPU each.")
@click.option("--validate-every", type=click.IntRange(min=1), default=500, show_default=True, metavar="N")
@click.option("--checkpoint-every", type=click.IntRange(min=1), default=500, show_default=True, metavar="N")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.pass_context
def train(
    context: click.Context,
    recipe: str,
    data: Path | None,
    validation: Path | None,
    output: Path | None,
    pairs: tuple[str, ...],
    steps: int | None,
    seed: int | None,
    resume: bool,
    device: str,
    precision: str,
    processes: int,
    validate_every: int,
    checkpoint_every: int,
    quiet: bool,
) -> None:
    """Train weights by a RECIPE: a training run that a plugin describes."""
    if processes > 1 and not several.are_running(processes):
        # Without -P a module of the current folder could stand in for one of the library.
        context.exit(several.run(processes, [sys.executable, "-P", "-m", "restore.cli.child", *words(context)]))
    from restore.options import check, parse, parse_pairs
    from restore.registry import registry

    name, options = parse(recipe)
    options |= parse_pairs(pairs)
    options |= {key: str(value) for key, value in (("steps", steps), ("seed", seed)) if value is not None}
    component = registry().find("recipe", name)
    folder = output or Path("runs") / component.spec.name
    _check_places(data, validation, folder)
    from restore import training
    from restore.training.loop import saved_options

    if resume:
        options = {**saved_options(folder), **options}
    chosen = check(component.spec.name, component.factory(), options)
    settings = training.Settings(
        data=data, output=folder, options=_recorded(chosen), defaults=_defaults(component.factory()),
        validation=validation, device=device, precision=precision, resume=resume, validate_every=validate_every,
        checkpoint_every=checkpoint_every, quiet=quiet,
    )  # fmt: skip
    made = component.build(**chosen)
    if not isinstance(made, training.Recipe):
        raise PluginError(
            f"recipe {name!r} of {component.plugin.distribution} made a {type(made).__name__}",
            "its factory must return a restore.contracts.Recipe",
        )
    result = training.train(made, settings)
    if result.weights is None:
        context.exit(INTERRUPTED)


def _check_places(data: Path | None, validation: Path | None, output: Path) -> None:
    """Raise at once what would else be noticed after the first hours, or leave an empty run folder."""
    if data is not None and not data.exists():
        raise InputError(f"the training data {data} do not exist", "name a folder that does with --data")
    if validation is not None and not validation.exists():
        raise InputError(f"the validation data {validation} do not exist", "name a folder, or leave it out")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is no folder", "name a folder for the run with -o")


def _defaults(factory: Factory) -> dict[str, Any]:
    """Return the options' defaults as if they had been given: 1 is 1.0 where a number is asked for."""
    from restore.options import signature

    found = {}
    for name, parameter in signature(factory).items():
        if parameter.default is not parameter.empty:
            try:
                found[name] = convert(parameter.default, parameter.annotation)
            except ValueError:
                found[name] = parameter.default
    return _recorded(found)


def _recorded(options: Mapping[str, Any]) -> dict[str, Any]:
    """Write sequences as people do, because a run that is resumed reads its options from text."""
    return {key: as_text(value) if isinstance(value, tuple | list) else value for key, value in options.items()}
