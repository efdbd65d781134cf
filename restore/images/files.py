"""Which files of a folder count as images."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = frozenset({
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".gif",
    ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif",
})  # fmt: skip
"""What makes a file in a folder an image, in lower case; a file that is named need not have one of these."""


def is_image(path: Path) -> bool:
    """Whether a path looks like an image: by its suffix in either case; hidden files do not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def suffixes() -> str:
    """Return the suffixes as a message lists them."""
    return ", ".join(sorted(SUFFIXES))
