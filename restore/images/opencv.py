"""Decoding by OpenCV, without the lines that it prints about damaged files: our errors say it."""

from __future__ import annotations

import numpy as np

from restore.images.photo import Pixels
from restore.quiet import opencv_quiet


def decode_unchanged(data: bytes | bytearray) -> Pixels | None:
    """Return (H, W), BGR or BGRA as they are in a file, or None where OpenCV cannot decode it."""
    import cv2

    try:
        with opencv_quiet():
            return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
