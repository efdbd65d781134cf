"""An image on the host, in its own dtype, with everything that is needed to give the same kind back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

    from restore.images.regions import Canvas, Source

Kind = Literal["file", "bytes", "pil", "numpy", "torch"]
Pixels = NDArray[Any]
"""uint8, uint16, float32 or float64."""


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a file says beside its pixels."""

    icc: bytes | None = None
    """Colour profile."""
    exif: bytes | None = None
    """EXIF block; its orientation has been applied to the pixels and reset."""
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    """PNG text, by keyword; the comment of a JPEG is called ``Comment``."""
    png_color: tuple[tuple[bytes, bytes], ...] = ()
    """Kind and data of the PNG chunks that say how colours are meant: gAMA, cHRM, sRGB, cICP."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What an image was before it became a Photo."""

    kind: Kind
    dtype: str = "uint8"
    """Of the array or tensor, as it was given: ``float16``, ``bool``, ``>u2`` ..."""
    layout: str = "HWC"
    """``HW``, ``HWC``, ``CHW`` or ``BCHW``."""
    device: str = "cpu"
    format: str = "PNG"
    """Of the file, as Pillow calls it."""
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """An image on the host.

    Args:
        pixels: ``(B, H, W, C)`` without alpha, C is 1 or 3; uint8, uint16, float32 or float64 in [0, 1].
        alpha: ``(B, H, W)`` in the same dtype, or None.
        form: what it was, and what it is given back as.
        name: for messages: a path, or ``numpy array (480, 640, 3)``.
    """

    pixels: Pixels
    alpha: Pixels | None
    form: Form
    name: str

    def __repr__(self) -> str:
        color = {1: "gray", 3: "RGB"}[self.channels] + (" and alpha" if self.alpha is not None else "")
        count = f"{self.batch} x " if self.batch > 1 else ""
        return f"<Photo {self.name}: {count}{self.width} x {self.height}, {color}, {self.pixels.dtype}>"

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[1])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[2])

    @property
    def channels(self) -> int:
        """1 for gray, 3 for RGB; alpha does not count."""
        return int(self.pixels.shape[3])

    @property
    def batch(self) -> int:
        """How many images it holds; more than one only if it came from a 4-D tensor."""
        return int(self.pixels.shape[0])

    def source(self) -> Source:
        """Return what reads regions of it as a model sees them."""
        from restore.images.regions import Source

        return Source(self)

    def canvas(
        self,
        scale: int = 1,
        *,
        height: int | None = None,
        width: int | None = None,
        channels: int | None = None,
    ) -> Canvas:
        """Return an empty output of the same dtype, ``scale`` times as large or of the given size."""
        from restore.images.regions import Canvas

        size = (height or self.height * scale, width or self.width * scale)
        return Canvas(self, *size, channels or self.channels)

    def numpy(self) -> Pixels:
        """Return ``(H, W)``, or ``(H, W, C)`` with alpha as the last channel; ``(B, ...)`` for a batch."""
        from restore.images.export import joined

        array = joined(self)
        array = array[..., 0] if array.shape[-1] == 1 else array
        return array[0] if self.batch == 1 else array

    def pil(self) -> Image.Image:
        """Return a Pillow image. Raises InputError for 16-bit and float colour, for which it has no mode."""
        from restore.images.export import to_pil

        return to_pil(self)

    def save(self, path: str | Path, *, overwrite: bool = False, quality: int = 95) -> Path:
        """Write it to a file; see ``restore.images.save``."""
        from restore.images.save import save

        return save(self, Path(path), overwrite=overwrite, quality=quality)
