"""Where results go: their names, and what must not happen to files that are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from restore.cli.files import Found, file_key
from restore.errors import UsageError

WRITTEN = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
"""Suffixes that results can have."""
LOSSLESS = (".png", ".tif", ".tiff")
Beside = Callable[[Path], Sequence[Path]]
"""From the path of a result to the files that are written beside it."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """An image and the file that its result is written to."""

    source: Path
    relative: Path
    output: Path


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a command will do, checked before it starts."""

    jobs: tuple[Job, ...]
    into_folder: bool
    """Whether results go into a folder, where those that are there already are left alone."""


def plan(
    found: Sequence[Found],
    output: str,
    *,
    suffix: str = "",
    extension: str | None = None,
    keep: tuple[str, ...] = WRITTEN,
    overwrite: bool = False,
    beside: Beside = lambda _: (),
) -> Plan:
    """Name the result of every image and refuse what would destroy something.

    Args:
        found: the images.
        output: a file, for one image; a folder: one that exists, ends in ``/``, or has no suffix of an image.
        suffix: put between the name and the extension of results in a folder.
        extension: of results in a folder, with or without a dot; None takes the input's.
        keep: extensions that may be taken from an input; the result is a PNG otherwise.
        overwrite: whether files that exist, inputs among them, may be replaced.
        beside: masks and the like, which may be nobody else's result, nor what lies beside it.

    Raises:
        UsageError: several images for one file; two for the same; a result that would replace an input, or in
            file mode anything, without ``overwrite``; a file beside a result that would replace an input; a
            format that cannot be written.
    """
    if output in ("", "-"):
        raise UsageError(f"{output!r} is no file to write to", "name a file or a folder; standard output is neither")
    if set(suffix) & set("/\\\0"):
        raise UsageError(f"--suffix {suffix!r} holds a slash", "it is put behind a name: --suffix -x4")
    target = Path(output)
    into_folder = _is_folder(found, output)
    wanted = _checked(extension)
    if into_folder:
        outputs = [target / _renamed(item, suffix, wanted, keep) for item in found]
    elif suffix or wanted:
        raise UsageError(f"--suffix and --format are for results in a folder, and {output} is a file", "leave them out")
    else:
        outputs = [target]
    jobs = [
        Job(source=item.path, relative=item.relative, output=path) for item, path in zip(found, outputs, strict=True)
    ]
    if into_folder:
        jobs = _without_own_results(jobs, found)
    _refuse_collisions(jobs, beside)
    _refuse_loss_of_inputs(jobs, overwrite, beside)
    if not into_folder and target.exists() and not overwrite:
        raise UsageError(f"{output} exists already", "choose another name, or add --overwrite")
    return Plan(jobs=tuple(jobs), into_folder=into_folder)


def _is_folder(found: Sequence[Found], output: str) -> bool:
    target = Path(output)
    if target.is_dir() or output.endswith(("/", os.sep)):
        return True
    looks_like_file = target.suffix.lower() in WRITTEN or target.is_file()
    several = len(found) > 1 or found[0].listed
    if several and looks_like_file:
        raise UsageError(
            f"{output} is one file, and the inputs are a folder, a pattern or several files",
            "name a folder: -o results/",
        )
    if not several and target.suffix and not looks_like_file:
        raise UsageError(
            f"{output}: images cannot be written as {target.suffix}",
            f"use {', '.join(WRITTEN)}, or end the name of a folder with /",
        )
    return not looks_like_file


def _checked(extension: str | None) -> str | None:
    if extension is None:
        return None
    suffix = f".{extension.lower().removeprefix('.')}"
    if suffix not in WRITTEN:
        raise UsageError(f"images cannot be written as {extension}", f"use {', '.join(s[1:] for s in WRITTEN)}")
    return suffix


def _renamed(item: Found, suffix: str, wanted: str | None, keep: tuple[str, ...]) -> Path:
    own = item.path.suffix if item.path.suffix.lower() in keep else ".png"
    return item.relative.with_name(f"{item.relative.stem}{suffix}{wanted or own}")


def _without_own_results(jobs: Sequence[Job], found: Sequence[Found]) -> list[Job]:
    """Leave out listed files that an earlier run put beside the inputs as the results of others."""
    results = {file_key(job.output): job.source for job in jobs}
    return [
        job
        for job, item in zip(jobs, found, strict=True)
        if not (item.listed and results.get(file_key(item.path), item.path) != item.path)
    ]


def _refuse_collisions(jobs: Sequence[Job], beside: Beside) -> None:
    seen: dict[str, Path] = {}
    for job in jobs:
        for path in (job.output, *beside(job.output)):
            first = seen.setdefault(file_key(path), job.source)
            if first != job.source:
                raise UsageError(
                    f"{first} and {job.source} would both {'become' if path == job.output else 'write'} {path}",
                    "give them different names, or run them into different folders",
                )


def _refuse_loss_of_inputs(jobs: Sequence[Job], overwrite: bool, beside: Beside) -> None:
    inputs = {file_key(job.source): job.source for job in jobs}
    for job in jobs:
        lost = inputs.get(file_key(job.output))
        if lost is not None and (lost != job.source or not overwrite):
            raise UsageError(
                f"the result for {job.source} would replace the input {lost}",
                "choose another folder or add --suffix"
                + ("; --overwrite replaces inputs" if lost == job.source else ""),
            )
        for path in beside(job.output):
            lost = inputs.get(file_key(path))
            if lost is not None:
                raise UsageError(
                    f"{path}, written beside the result for {job.source}, would replace the input {lost}",
                    "choose another folder or name",
                )
