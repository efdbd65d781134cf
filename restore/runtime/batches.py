"""Many images through a model: read as they are needed, those of one shape together, errors apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from restore import images
from restore.errors import RestoreError, UsageError
from restore.images import Photo
from restore.runtime.outcome import Outcome, Report

Work = Callable[[Sequence[Photo], Sequence[Any]], list[tuple[Photo, Report]]]
"""Restores photos of one shape, with their masks."""
Item = tuple[Any, Any, Photo | RestoreError]
"""Source, mask, and the photo or why there is none."""


def run(
    work: Work,
    sources: Iterable[Any],
    masks: Iterable[Any] | None,
    *,
    batch_size: int,
    max_pixels: int,
    progress: bool,
) -> Iterator[Outcome]:
    """Yield an outcome for each source, in order; see ``Restorer.map``."""
    paired = _paired(_shown(sources) if progress else iter(sources), masks)
    items = ((source, mask, _loaded(source, max_pixels)) for source, mask in paired)
    while chunk := list(itertools.islice(items, batch_size)):
        found: dict[int, Outcome] = {}
        for numbers in _alike(chunk):
            found |= _together(work, chunk, numbers)
        yield from (found[number] for number in range(len(chunk)))


def _paired(sources: Iterator[Any], masks: Iterable[Any] | None) -> Iterator[tuple[Any, Any]]:
    if masks is None:
        yield from ((source, None) for source in sources)
        return
    own = iter(masks)
    for number, source in enumerate(sources, 1):
        try:
            yield source, next(own)
        except StopIteration:
            raise UsageError(f"there is no mask for image {number}", "give one for each image") from None


def _loaded(source: Any, max_pixels: int) -> Photo | RestoreError:
    try:
        return images.load(source, max_pixels=max_pixels)
    except RestoreError as error:
        return error


def _alike(chunk: Sequence[Item]) -> Iterator[list[int]]:
    """Yield the places of the photos that can go through the model together."""
    groups: dict[Any, list[int]] = {}
    for number, (_, mask, photo) in enumerate(chunk):
        key: Any = number
        if isinstance(photo, Photo):
            key = (photo.pixels.shape[1:], mask is None)
        groups.setdefault(key, []).append(number)
    yield from groups.values()


def _together(work: Work, chunk: Sequence[Item], numbers: list[int]) -> dict[int, Outcome]:
    """Restore a group; if that fails, each of it alone, so that the fault finds its image."""
    photos = [photo for photo in (chunk[n][2] for n in numbers) if isinstance(photo, Photo)]
    if not photos:
        return {n: Outcome(source=chunk[n][0], error=error)
                for n in numbers if isinstance(error := chunk[n][2], RestoreError)}  # fmt: skip
    try:
        done = work(photos, [chunk[n][1] for n in numbers])
    except Exception as error:  # noqa: BLE001 - whatever a model raises costs only its image
        if len(numbers) > 1:
            return {key: value for n in numbers for key, value in _together(work, chunk, [n]).items()}
        return {numbers[0]: Outcome(source=chunk[numbers[0]][0], error=_as_restore_error(error, photos[0]))}
    return {
        n: Outcome(source=chunk[n][0], photo=photo, report=report)
        for n, (photo, report) in zip(numbers, done, strict=True)
    }


def _as_restore_error(error: Exception, photo: Photo) -> RestoreError:
    if isinstance(error, RestoreError):
        return error
    summary = (str(error).splitlines() or [""])[0]
    wrapped = RestoreError(f"{photo.name}: {type(error).__name__}: {summary}")
    wrapped.__cause__ = error
    return wrapped


def _shown(sources: Iterable[Any]) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(sources, description="restoring", console=console, disable=not console.is_terminal, transient=True)
