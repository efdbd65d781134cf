"""``restore run -o labels.csv``: images are read by a prior that classifies, a line each."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.cli.batch import Done, Result, finish, in_one_line
from restore.cli.console import console, say
from restore.cli.files import Found, expand
from restore.cli.outputs import Job
from restore.errors import RestoreError, UnknownNameError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from restore.adaptation import Adapted
    from restore.contracts import Prior

COLUMNS = ("path", "label", "probability")
PORTION = 256
"""Images that are read at once."""


def refuse(**given: object) -> None:
    """Raise UsageError for an option of restored images that was given."""
    for name, value in given.items():
        if value:
            raise UsageError(f"--{name} is for restored images, and labels are written", "leave it out")


def write(
    name: str,
    options: Mapping[str, str],
    inputs: Sequence[str],
    output: Path,
    *,
    weights: Path | None,
    device: str,
    recursive: bool,
    overwrite: bool,
    max_pixels: int | None,
    as_json: bool,
) -> None:
    """Read images and write a table of ``path,label,probability``, whole or not at all.

    Images that cannot be read are told and have no line.

    Raises:
        RestoreError: a prior that cannot be had, no images, a table that is there already, no image that can be read.
    """
    from restore.atomic import replacing

    found = expand(inputs, recursive=recursive)
    if output.exists() and not overwrite:
        raise UsageError(f"{output} exists already", "choose another name, or add --overwrite")
    reader, filled_with = find_reader(name, options, weights, device)
    results = [*read(reader, found, output, max_pixels)]
    rows = [[str(result.job.source), *result.done.facts.values()] for result in results if result.error is None]
    if rows:
        with replacing(output, overwrite=overwrite) as path, path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows([source, label, f"{probability:.6f}"] for source, label, probability in rows)
        say(f"{len(rows)} of {len(results)} images read, labels in {output}")
    about = {"command": "run", "model": name, "options": dict(options), "weights": filled_with, "device": device}
    finish(results, about, verb="read", as_json=as_json)


def find_reader(name: str, options: Mapping[str, str], weights: Path | None, device: str) -> tuple[Adapted, str | None]:
    """Return a reader and what it was filled with: a prior that classifies, or what ``restore.Adapted`` saved.

    Raises:
        UsageError: a model that restores, a prior that tells no classes apart, a file of another.
        RestoreError: as ``restore.load_prior``.
    """
    from restore import weights as store
    from restore.adaptation import Adapted
    from restore.options import take_weights
    from restore.priors import assemble
    from restore.registry import registry

    chosen: dict[str, Any] = dict(options)
    file = take_weights(chosen, weights)
    try:
        component, _ = registry().find_weighted("prior", name)
    except UnknownNameError:
        if any(model.answers_to(name.partition(".")[0]) for model in registry().of_kind("model")):
            raise UsageError(f"{name} restores images and writes no labels", "name a file such as out.png") from None
        raise
    if file is not None:
        metadata = store.header(Path(file)).metadata
        made_for = metadata.get("model", component.spec.name)
        if "adapted" in metadata and made_for == component.spec.name:
            return Adapted.load(file, device, view=chosen), str(file)
        if made_for != component.spec.name and any(made_for == c.spec.name for c in registry().of_kind("prior")):
            meant, _ = assemble(made_for, {}, device="cpu", weights=file)
            _reading(meant, made_for, f"{file} holds weights of {made_for}, which")
    prior, filled_with = assemble(name, chosen, device=device, weights=file)
    return _reading(prior, component.spec.name, name), filled_with


def _reading(prior: Prior, model: str, told: str) -> Adapted:
    """Return the reader that a prior is. Raises UsageError where it tells no classes apart."""
    from restore.adaptation import Adapted, Classifies

    with contextlib.suppress(UsageError):  # its network has no classes
        if isinstance(prior, Classifies):
            return Adapted.of(prior, model)
    raise UsageError(f"{told} tells no classes apart", "restore run cogan-digits does")


def read(reader: Adapted, found: Sequence[Found], output: Path, max_pixels: int | None) -> Iterator[Result]:
    """Yield what becomes of each image: ``label`` and ``probability``, or an error, which is told."""
    import numpy as np
    from rich.progress import track

    portions = [found[first : first + PORTION] for first in range(0, len(found), PORTION)]
    hidden = not console().is_terminal or len(portions) == 1
    for portion in track(portions, "reading", console=console(), transient=True, disable=hidden):
        read_ones: list[tuple[Job, np.ndarray]] = []
        for item in portion:
            job = Job(source=item.path, relative=item.relative, output=output)
            try:
                read_ones.append((job, as_array(reader, item.path, max_pixels)))
            except RestoreError as error:
                if len(found) > 1:
                    say(f"failed: {in_one_line(error)}")
                yield Result(job=job, status="failed", error=error)
        if read_ones:
            shares = reader.predict_proba(np.stack([image for _, image in read_ones]))
            for (job, _), share in zip(read_ones, shares, strict=True):
                best = int(share.argmax())
                facts = {"label": reader.classes_[best].item(), "probability": float(share[best])}
                yield Result(job=job, status="done", done=Done(facts=facts))


def as_array(reader: Adapted, path: Path, max_pixels: int | None) -> np.ndarray:
    """Return an image (C, H, W) as a reader takes it, floats in [0, 1]. Raises InputError."""
    from restore import images
    from restore.benchmark.color import as_original

    photo = images.load(path, max_pixels=max_pixels or images.DEFAULT_MAX_PIXELS)
    if (photo.height, photo.width) != reader.size:
        raise reader.misfit(photo.height, photo.width, f"{path} has")
    whole = photo.source().read(0, 0, photo.height, photo.width)
    found: np.ndarray = as_original(whole, "gray" if reader.shape[0] == 1 else "rgb")[0].numpy()
    return found
