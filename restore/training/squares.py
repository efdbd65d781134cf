"""Small square images, all of one size, in memory as bytes: from MNIST's files, a zip, or any folder of images."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from restore import images
from restore.benchmark.color import as_original
from restore.contracts import Progress
from restore.errors import InputError, UsageError
from restore.images.files import is_image
from restore.resize import resize
from restore.training.data import find_images

Crop = Literal["auto", "face", "centre"]
Colors = Literal["rgb", "gray"]
Found = tuple[str, bytes | Path]
"""An image: its name for messages, and what it is read from."""
FACE = (12 / 89, 26 / 109, 64 / 89)
"""Left and top over the sides, and the side over the width, of the square that is face in CelebA's aligned images."""
ALIGNED = ((89, 109), (178, 218))
"""Width and height of these, in half and full size."""
IDX_BYTES = 0x800
"""What an idx file of bytes begins with, plus the number of its dimensions."""


def load_squares(
    data: Path | None,
    side: int,
    progress: Progress,
    *,
    colors: Colors = "rgb",
    crop: Crop = "auto",
    first: int | None = None,
) -> tuple[Tensor, str]:
    """Read a set of images as squares.

    Args:
        data: a folder or a zip of images; a folder that holds one zip; or one that holds ``*-images-idx3-ubyte``,
            gzipped or not, whose training part is taken. Images are cropped and then resized (bicubic, antialiased);
            those of an idx file that are smaller get a black border instead.
        side: of the squares, in pixels.
        progress: called with (done, total).
        colors: ``rgb``, or ``gray``, BT.601 luma.
        crop: ``face``: the face in an aligned image of CelebA; ``centre``: the largest square around the centre;
            ``auto``: face for images of CelebA's sizes (89 x 109, 178 x 218), else centre.
        first: how many, in the order of their names; None: all.

    Returns:
        uint8 ``(N, 1 or 3, side, side)``, and one line that says what they are.

    Raises:
        UsageError: no data were named.
        InputError: no images, or one that cannot be read.
    """
    if data is None:
        raise UsageError("images are needed to train on", "name a folder or a zip of them with --data")
    idx = _idx_file(data)
    if idx is not None:
        digits = _read_idx(idx, 3)[:first, None]
        squares = _framed(digits, side).expand(-1, 3 if colors == "rgb" else 1, -1, -1).contiguous()
        progress(len(squares), len(squares))
        return squares, f"{len(squares)} images of {idx.name}, {side} x {side}"
    archive = _zip_file(data)
    total, sources = _in_zip(archive) if archive is not None else _in_folder(data)
    total = min(total, first or total)
    squares = torch.empty(total, 3 if colors == "rgb" else 1, side, side, dtype=torch.uint8)

    def read(item: Found) -> Tensor:
        return _square(*item, side, colors, crop)

    with ThreadPoolExecutor(4) as pool:
        for number, square in enumerate(_mapped(pool, read, islice(sources, total))):
            squares[number] = square
            progress(number + 1, total)
    return squares, f"{total} images, {side} x {side}, crop {crop}"


def load_digits(data: Path | None, part: Literal["train", "t10k"]) -> tuple[Tensor, Tensor]:
    """Read MNIST, or another set in its form.

    Args:
        data: the folder of ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and so on, gzipped or not.
        part: the training or the test set.

    Returns:
        uint8 ``(N, 1, 28, 28)``, white on black, and labels ``(N,)`` from 0 to 9.

    Raises:
        UsageError: no folder was named.
        InputError: files that are absent, empty, no idx files, or do not belong together; other labels.
    """
    if data is None:
        raise UsageError("digits are needed", "name the folder of MNIST's four files with --data")
    digits, labels = (
        _read_idx(_named(data, f"{part}-{what}-ubyte"), dimensions)
        for what, dimensions in (("images-idx3", 3), ("labels-idx1", 1))
    )
    if len(digits) != len(labels):
        raise InputError(f"{data} holds {len(digits)} digits and {len(labels)} labels of {part}", "fetch both again")
    if int(labels.max()) > 9:
        raise InputError(f"{data} has labels of {part} up to {int(labels.max())}", "they are digits, from 0 to 9")
    return digits[:, None], labels.long()


def _named(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise InputError(f"{folder} lacks {name}", "name the folder of MNIST's four files, gzipped or not")


def _mapped(
    pool: ThreadPoolExecutor,
    read: Callable[[tuple[str, bytes | Path]], Tensor],
    items: Iterator[Found],
) -> Iterator[Tensor]:
    """Map in order and in portions, so that a large set is never in memory as files."""
    while portion := list(islice(items, 256)):
        yield from pool.map(read, portion)


def _square(name: str, source: bytes | Path, side: int, colors: Colors, crop: Crop) -> Tensor:
    try:
        photo = images.load(source)
    except InputError as error:
        raise InputError(
            f"{name}: {error.message}" if isinstance(source, bytes) else error.message, error.cure
        ) from error
    width, height = photo.width, photo.height
    if crop == "face" or (crop == "auto" and (width, height) in ALIGNED):
        edge = min(round(width * FACE[2]), width, height)
        left, top = min(round(width * FACE[0]), width - edge), min(round(height * FACE[1]), height - edge)
    else:
        edge = min(width, height)
        left, top = (width - edge) // 2, (height - edge) // 2
    square = as_original(photo.source().read(top, left, edge, edge), colors)
    if edge != side:
        square = resize(square, side, side).clamp(0, 1)
    return square[0].mul(255).round().to(torch.uint8)


def _in_folder(data: Path) -> tuple[int, Iterator[Found]]:
    paths = find_images(data)
    return len(paths), ((str(path), path) for path in paths)


def _zip_file(data: Path) -> Path | None:
    if data.is_file():
        return data
    found = sorted(data.glob("*.zip")) if data.is_dir() else []
    return found[0] if len(found) == 1 else None


def _in_zip(path: Path) -> tuple[int, Iterator[Found]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if is_image(Path(name)))
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is no zip that can be read: {error}", "name a folder, or a zip of images") from error
    if not names:
        raise InputError(f"{path} holds no images", "name a folder, or a zip of images")
    return len(names), _members(path, names)


def _members(path: Path, names: list[str]) -> Iterator[Found]:
    with zipfile.ZipFile(path) as archive:
        for name in names:
            try:
                yield f"{path}: {name}", archive.read(name)
            except (OSError, zipfile.BadZipFile, RuntimeError) as error:  # RuntimeError: it has a password
                raise InputError(f"{path}: {name} cannot be read: {error}", "make the zip again") from error


def _idx_file(data: Path) -> Path | None:
    if not data.is_dir():
        return None
    found = sorted(data.glob("*-images-idx3-ubyte*"))
    training = [path for path in found if path.name.startswith("train")]
    return next(iter(training or found), None)


def _read_idx(path: Path, dimensions: int) -> Tensor:
    """Return the bytes of an idx file (LeCun et al., the MNIST database) in their shape. Raises InputError."""
    start = 4 * (1 + dimensions)
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        magic, *shape = (int(value) for value in np.frombuffer(content[:start], ">u4"))
        if magic != IDX_BYTES + dimensions:
            raise ValueError(f"it does not begin as one of {dimensions} dimensions does")
        values = np.frombuffer(content, np.uint8, offset=start).reshape(shape)
        if not values.size:
            raise ValueError("it holds nothing")
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path} is no idx file that can be used: {error}", "fetch it again") from error
    return torch.from_numpy(values.copy())


def _framed(digits: Tensor, side: int) -> Tensor:
    """Add a black border, or shrink."""
    edge = max(digits.shape[2:])
    room = max(edge, side)
    tall, wide = room - digits.shape[2], room - digits.shape[3]
    framed = torch.nn.functional.pad(digits, (wide // 2, wide - wide // 2, tall // 2, tall - tall // 2))
    if room == side:
        return framed
    return resize(framed / 255.0, side, side).clamp(0, 1).mul(255).round().to(torch.uint8)
