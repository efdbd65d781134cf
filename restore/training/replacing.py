"""Files of a run folder: there whole or not at all, with an error that tells how to go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError

from restore import atomic
from restore.errors import RestoreError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that becomes it; an error leaves the old file and no debris.

    Raises:
        RestoreError: the file cannot be written: a full disk, a folder without permission.
    """
    try:
        with atomic.replacing(path) as temporary:
            yield temporary
    except (OSError, SafetensorError) as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: Exception) -> RestoreError:
    """Return the error for a file of the run folder that cannot be written."""
    reason = getattr(error, "strerror", None) or error
    return RestoreError(f"{path} cannot be written: {reason}", "make room for it, then continue with --resume")
