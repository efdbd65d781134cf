"""Which files a command reads, and which of them belong together."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from restore.errors import InputError

MASK = ".mask"
"""``photo.mask.png`` is the mask of ``photo.png``, and no photo of its own."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An image to work on."""

    path: Path
    relative: Path
    """Where its result goes below the output folder: as deep as it lay below the input folder."""
    listed: bool = False
    """Whether a folder or a pattern led to it, and not its name."""


def expand(inputs: Sequence[str], *, recursive: bool = False, leave_out: Path | None = None) -> list[Found]:
    """Return the images that files, folders and patterns stand for, each once, folders sorted by name.

    Args:
        inputs: what the user wrote. A name that does not exist and holds ``*``, ``?`` or ``[`` is a pattern.
        recursive: whether folders are searched with the folders below them.
        leave_out: a folder below which nothing is searched: where the results go.

    Raises:
        InputError: a folder or a pattern without images.
    """
    found: dict[str, Found] = {}
    for text in inputs:
        for item in _expand_one(text, recursive, leave_out):
            found.setdefault(os.path.abspath(item.path), item)  # noqa: PTH100 - keeps symbolic links apart
    return list(found.values())


def _expand_one(text: str, recursive: bool, leave_out: Path | None) -> list[Found]:
    path = Path(text)
    if path.is_dir():
        from restore.images.files import suffixes  # its package is heavy, and --help comes by here

        files = sorted(_walk(path, recursive, leave_out))
        listed = [Found(path=f, relative=f.relative_to(path), listed=True) for f in files]
        hint = "images end in " + suffixes()
        if not recursive and any(child.is_dir() for child in path.iterdir()):
            hint = f"--recursive searches the folders in it; {hint}"
        if not listed:
            raise InputError(f"the folder {text} holds no images", hint)
        return listed
    if os.path.lexists(path) or not glob.has_magic(text):
        return [Found(path=path, relative=Path(path.name))]
    matches = sorted(Path(match) for match in glob.glob(text, recursive=True))  # noqa: PTH207 - absolute ones too
    files = [match for match in matches if match.is_file() and is_photo(match)]
    if not files:
        raise InputError(f"no image matches {text}", "check the pattern")
    root = _fixed_part(path)
    return [Found(path=file, relative=file.relative_to(root), listed=True) for file in files]


def _fixed_part(pattern: Path) -> Path:
    fixed = Path()
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed


def _walk(folder: Path, recursive: bool, leave_out: Path | None) -> Iterable[Path]:
    forbidden = leave_out.resolve() if leave_out is not None else None
    for where, folders, names in os.walk(folder):
        here = Path(where)
        folders[:] = sorted(
            name for name in folders if recursive and not name.startswith(".") and (here / name).resolve() != forbidden
        )
        yield from (here / name for name in names if is_photo(here / name))


def is_photo(path: Path) -> bool:
    """Whether a file in a folder counts as an image: by its suffix; hidden files and masks do not."""
    from restore.images.files import is_image

    return is_image(path) and not path.stem.lower().endswith(MASK)


def file_key(path: Path) -> str:
    """One text for one file, however it is named."""
    return os.path.normcase(os.path.realpath(path))


def by_name(folder: Path, recursive: bool = False) -> dict[str, Path]:
    """Return the images of a folder by their path in it without the suffix: ``a/b.png`` is ``a/b``.

    Raises:
        InputError: no images, or two that differ in nothing but the suffix.
    """
    named: dict[str, Path] = {}
    for item in expand([str(folder)], recursive=recursive):
        name = item.relative.with_suffix("").as_posix()
        if name in named:
            raise InputError(
                f"{named[name]} and {item.path} have one name, so neither can be paired", "rename one of them"
            )
        named[name] = item.path
    return named


def mask_for(source: Path, relative: Path, masks: Path) -> Path:
    """Return the mask of an image: the file given, or ``NAME.mask.*`` or ``NAME.*`` in the folder given.

    Raises:
        InputError: the folder has none, or several.
    """
    if not masks.is_dir():
        return masks
    from restore.images.files import SUFFIXES

    folder, stem = masks / relative.parent, relative.stem
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    for wanted in (stem + MASK, stem):
        matches = [f for f in files if f.stem == wanted and f.suffix.lower() in SUFFIXES]
        matches = [f for f in matches if file_key(f) != file_key(source)]
        if len(matches) > 1:
            both = f"{matches[0]} and {matches[1]}"
            raise InputError(f"{both} could be the mask of {source}", "keep one of them")
        if matches:
            return matches[0]
    wanted = f"{folder / stem}{MASK}.png"
    raise InputError(f"there is no mask for {source} in {masks}", f"call it {wanted}")
