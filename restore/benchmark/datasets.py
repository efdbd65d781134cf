"""Data sets: folders of images, each file known by its hash."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from restore.errors import InputError, UsageError
from restore.images.files import is_image, suffixes

TURNED = (5, 6, 7, 8)
"""Values of EXIF's orientation that exchange width and height."""


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """An image of a data set."""

    name: str
    """The file's name without its suffix; unique in the data set."""
    path: Path
    sha256: str | None
    """Of the file; None if it cannot be read."""
    width: int | None
    """In pixels, upright; None if the file cannot be decoded."""
    height: int | None

    def seed(self, seed: int) -> int:
        """Return the seed of its draws."""
        return image_seed(seed, self.path)


def image_seed(seed: int, path: Path) -> int:
    """Return the seed of an image's draws: 48 bits of SHA-256 of ``SEED/file.png``, those of ``restore degrade``."""
    digest = hashlib.sha256(f"{seed}/{path.name}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A folder of images, sorted by name."""

    name: str
    folder: Path
    images: tuple[ImageFile, ...]
    total: int
    """Images in the folder; more than were taken where a limit was given."""

    @property
    def hash(self) -> str:
        """SHA-256 over the names and hashes of the images; ``-`` stands for a hash that is not known."""
        lines = "".join(f"{image.sha256 or '-'}  {image.name}\n" for image in self.images)
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return what a result tells of it."""
        return {
            "name": self.name,
            "folder": self.folder.as_posix(),
            "images": [
                {"name": image.name, "sha256": image.sha256, "width": image.width, "height": image.height}
                for image in self.images
            ],
            "total": self.total,
            "hash": self.hash,
        }


def find_datasets(data: Path, names: Sequence[str], *, limit: int | None = None) -> list[Dataset]:
    """Return the data sets in a folder.

    Args:
        data: a folder that holds folders of the given names, in upper or lower case; else it is itself the
            only data set, whatever it is called.
        names: of the data sets, in the order in which they are returned; those that are absent are left out.
        limit: take the first so many images of each.

    Raises:
        UsageError: no such folder, or no images in a data set.
        InputError: a folder that cannot be read, or two images of one name. A file that cannot be read is listed
            all the same: it costs its own row later.
    """
    if not data.is_dir():
        raise UsageError(
            f"{data} is a file, not a folder" if data.exists() else f"the data folder {data} does not exist",
            "name a folder of images, or one that holds the folders " + ", ".join(names or ("...",)) + ": --data DIR",
        )
    below = {child.name.lower(): child for child in _children(data) if child.is_dir()}
    found = [(name, below[name.lower()]) for name in names if name.lower() in below]
    return [_read(name, folder, limit) for name, folder in found or [(data.resolve().name or "data", data)]]


def _read(name: str, folder: Path, limit: int | None) -> Dataset:
    named = _named(folder)
    chosen = dict(sorted(named.items())[:limit])
    if not chosen:
        raise UsageError(f"the data set {folder} holds no images", f"images end in {suffixes()}; name another")
    images = tuple(_image(stem, path) for stem, path in chosen.items())
    return Dataset(name=name, folder=folder, images=images, total=len(named))


def _named(folder: Path) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in _files(folder):
        name = path.stem.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # reports are UTF-8
        other = named.setdefault(name, path)
        if other != path:
            raise InputError(f"{other} and {path} differ in nothing but the suffix", "rename or remove one of them")
    return named


def _files(folder: Path) -> Iterator[Path]:
    for path in _children(folder):
        if is_image(path) and not path.stem.lower().endswith(".mask") and _may_be_file(path):
            yield path


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}", "check who may read it") from error


def _may_be_file(path: Path) -> bool:
    """Whether a name is a file's, or a link's that leads nowhere; not a folder's, nor a pipe's or a device's."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _image(name: str, path: Path) -> ImageFile:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ImageFile(name=name, path=path, sha256=None, width=None, height=None)
    width, height = _size(path)
    return ImageFile(name=name, path=path, sha256=digest, width=width, height=height)


def _size(path: Path) -> tuple[int | None, int | None]:
    """Return what the file's header tells; a file without a sensible one fails later, alone."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(0x0112) in TURNED else (width, height)
    except Exception:  # noqa: BLE001 - decoders raise anything on damaged files
        return None, None
