"""Photo -> file: written under a temporary name, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

from restore.atomic import replacing
from restore.errors import InputError
from restore.images.encode import WRITABLE, check_writable, encode, write
from restore.images.photo import Photo

__all__ = ["WRITABLE", "check_writable", "encode", "save"]


def save(photo: Photo, path: Path, *, overwrite: bool = False, quality: int = 95) -> Path:
    """Write a photo; the suffix decides the format. An interruption leaves no half file.

    Args:
        photo: what to write, with its profile and metadata as far as the format carries them.
        path: where; its folder is made if it is missing. A link is followed, the file behind it replaced.
        overwrite: whether a file that is there may be replaced. Its permissions stay.
        quality: of JPEG and lossy formats, 1 to 100; WebP is lossless at 100.

    Returns:
        The path of the file that was written.

    Raises:
        InputError: the file exists, the format is unknown or cannot hold the photo, or the disk refuses.
        UsageError: a quality outside 1 to 100.
    """
    named = Path(path)
    check_writable(photo, named)
    try:
        target = Path(os.path.realpath(named)) if named.is_symlink() else named
        with replacing(target, overwrite=overwrite) as temporary, temporary.open("x+b") as file:
            write(photo, named, file, quality)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{named} cannot be written: {getattr(error, 'strerror', None) or error}",
            "check the folder and the disk",
        ) from error
    return target
