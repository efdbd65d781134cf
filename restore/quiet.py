"""What libraries print and limit for the whole process, off while any thread reads, and back after the last."""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

Undo = Callable[[], None]


class Held:
    """A change of something global that holds while any block of any thread wants it.

    The first block makes the change and the last takes it back, so blocks may nest and those of several threads
    overlap. Had each saved and restored for itself, the last could restore what another had set.

    Args:
        change: makes the change and returns what takes it back.
    """

    def __init__(self, change: Callable[[], Undo]) -> None:
        self._change = change
        self._lock = threading.Lock()
        self._blocks = 0
        self._undo: Undo | None = None

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold the change during a block."""
        with self._lock:
            if self._blocks == 0:
                self._undo = self._change()
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if self._blocks == 0 and self._undo is not None:
                    self._undo()


def _ignore_warnings_of(*modules: str) -> Callable[[], Undo]:
    """Return the change that ignores the warnings of these modules, and leaves all others to the host.

    ``warnings.catch_warnings`` is no help: it puts back a whole list of filters, another thread's among them.
    """
    places = re.compile(rf"({'|'.join(map(re.escape, modules))})(\.|$)")
    entry = ("ignore", None, Warning, places, 0)

    def change() -> Undo:
        changed = _filters()
        changed.insert(0, entry)

        def undo() -> None:
            for filters in (changed, _filters()):  # the host may have put another list in place meanwhile
                with contextlib.suppress(ValueError):
                    filters.remove(entry)

        return undo

    return change


def _filters() -> list[Any]:
    return cast("list[Any]", warnings.filters)


def _lift_pillow_limit() -> Undo:
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None

    def undo() -> None:
        if Image.MAX_IMAGE_PIXELS is None:  # else the host has set it meanwhile
            Image.MAX_IMAGE_PIXELS = limit

    return undo


def _silence_opencv() -> Undo:
    from cv2.utils import logging

    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)

    def undo() -> None:
        if logging.getLogLevel() == logging.LOG_LEVEL_SILENT:  # else the host has set it meanwhile
            logging.setLogLevel(level)

    return undo


decoders_quiet = Held(_ignore_warnings_of("PIL", "imagecodecs", "numpy", "restore.images", "tifffile"))
"""Without the warnings of those who decode images, about damage above all: our errors say what matters."""
torch_quiet = Held(_ignore_warnings_of("torch", "restore.conversion"))
"""Without the remarks of torch, and of our caller in its place, on a checkpoint that it reads."""
opencv_quiet = Held(_silence_opencv)
"""Without the lines that OpenCV prints about damaged files."""
pillow_limit_lifted = Held(_lift_pillow_limit)
"""Without Pillow's own limit on pixels: ours is an argument."""
