"""What a restoration came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from restore import images
from restore.errors import RestoreError
from restore.images import Photo


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a result came about."""

    seconds: float = 0.0
    """Wall time, without reading and writing files; a batch's, divided by its images."""
    device: str = "cpu"
    precision: str = "float32"
    weights: str | None = None
    """What the network was filled with: ``srresnet.psnr-x4``, or the path of a file; None if it needs nothing."""
    tiling: str = "off"
    """``off``: the model saw the whole image; ``exact``: tiles gave what the whole image would have given, in
    float32 on the CPU bit for bit unless lack of memory made them very small; ``approximate``: nearly."""
    tiles: int = 0
    halo: int = 0
    """Pixels that tiles overlap on each side."""
    redone_in_float32: int = 0
    """Tiles whose result in the chosen precision was not finite."""
    out_of_memory: int = 0
    """How many times memory did not suffice and a smaller tile was tried."""
    missing_share: float | None = None
    """Share of the pixels that the mask calls missing; None without a mask."""
    warnings: tuple[str, ...] = ()
    """That its mask is not black and white; what the model had to tell (``restore.notices``) of this image, or of no
    particular one of its batch."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A restored image, or the error that kept it from being one."""

    source: Any
    """What was given."""
    photo: Photo | None = None
    """The result; None if there is an error."""
    error: RestoreError | None = None
    report: Report = field(default_factory=Report)

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self.photo is not None

    @property
    def image(self) -> Any:
        """The result as the kind that was given; a path gives a Photo. Raises the error if there is one."""
        if self.photo is None:
            raise self.error or RestoreError("there is no result")
        return images.export(self.photo)
