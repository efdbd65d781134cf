"""Whose faces, and which digits, the pictures of draw_inversion.py show.

No face was among those that the prior was trained on. One is a photograph in the public domain: Eileen Collins by NASA,
which scikit-image carries as `astronaut`. It is turned, cut and made smaller so that the eyes lie where they do in
CelebA's faces. The other is a sample of the prior itself, which a search can in principle find. Digits are the first of
MNIST's test set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from restore.cli.sample import draw
from restore.contracts import Prior
from restore.demo.trial import photograph
from restore.training.squares import load_digits

Place = tuple[float, float]
"""Across and down, in pixels from the upper left corner."""
Eyes = tuple[Place, Place]
FACE = 64
EYES: Eyes = ((20.5, 29.0), (43.0, 29.0))
"""In CelebA's aligned faces, cut to 64 x 64 as the prior's are."""
ASTRONAUT: Eyes = ((203.6, 101.0), (246.0, 103.4))
OWN = 1000
"""Seed of the sample; no search starts from it."""
DIGITS = 2


def faces(prior: Prior) -> Mapping[str, Tensor]:
    """Return a photograph and a sample of the prior, uint8 ``(3, 64, 64)``."""
    collins = Image.fromarray(photograph("astronaut"))
    [own] = torch.cat([*draw(prior, 1, OWN)])
    return {"astronaut": aligned(collins, ASTRONAUT), "sample": as_bytes(own)}


def digits(data: Path | None) -> Mapping[str, Tensor]:
    """Return the first of MNIST's test digits, uint8 ``(1, 28, 28)``. Raises RestoreError."""
    found, _ = load_digits(data, "t10k")
    return {str(number): digit for number, digit in enumerate(found[:DIGITS])}


def aligned(photo: Image.Image, eyes: Eyes) -> Tensor:
    """Return the face uint8 ``(3, 64, 64)``: turned until the eyes are level, cut and resized until they fit."""
    (left, up), (right, down) = eyes
    middle = ((left + right) / 2, (up + down) / 2)
    level = photo.rotate(math.degrees(math.atan2(down - up, right - left)), Image.Resampling.BICUBIC, center=middle)
    scale = math.dist(*eyes) / math.dist(*EYES)
    x = middle[0] - scale * (EYES[0][0] + EYES[1][0]) / 2
    y = middle[1] - scale * EYES[0][1]
    box = (x, y, x + scale * FACE, y + scale * FACE)
    face = level.resize((FACE, FACE), Image.Resampling.BICUBIC, box=box)
    return torch.frombuffer(bytearray(face.tobytes()), dtype=torch.uint8).view(FACE, FACE, 3).permute(2, 0, 1)


def as_bytes(image: Tensor) -> Tensor:
    """Return an image in [0, 1] as a file would hold it."""
    return image.clamp(0, 1).mul(255).round().byte()
