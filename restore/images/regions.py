"""Reading a photo and writing a result region by region, so that only a region is ever float."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from restore.errors import RestoreError
from restore.images.photo import Photo, Pixels

PEAKS = {"uint8": 255, "uint16": 65535, "float32": 1, "float64": 1}
SPACES = {1: b"GRAY", 3: b"RGB "}
"""Colour space in the header of an ICC profile, by channels."""
SMALLEST = torch.finfo(torch.float32).tiny


class Source:
    """A photo as a model sees it: float in [0, 1], colour premultiplied by alpha."""

    def __init__(self, photo: Photo) -> None:
        self.photo = photo
        self.shape = (photo.batch, photo.channels, photo.height, photo.width)

    def read(self, top: int, left: int, height: int, width: int) -> Tensor:
        """Return a region ``(B, C, height, width)``, float32 in [0, 1]; transparent pixels are black."""
        color = _to_tensor(self.photo.pixels[:, top : top + height, left : left + width])
        alpha = self.read_alpha(top, left, height, width)
        return color if alpha is None else color * alpha

    def read_alpha(self, top: int, left: int, height: int, width: int) -> Tensor | None:
        """Return the alpha of a region, ``(B, 1, height, width)``, or None."""
        if self.photo.alpha is None:
            return None
        return _to_tensor(self.photo.alpha[:, top : top + height, left : left + width, None])


class Canvas:
    """A result that is written region by region, in the dtype of the photo it came from.

    Where it is as large as that photo, alpha is the photo's, bit for bit, and so are the colours that full
    transparency hides.
    """

    def __init__(self, photo: Photo, height: int, width: int, channels: int) -> None:
        self._photo = photo
        dtype = photo.pixels.dtype
        self._pixels = np.zeros((photo.batch, height, width, channels), dtype)
        self._same_size = (height, width) == (photo.height, photo.width)
        if photo.alpha is None:
            self._alpha: Pixels | None = None
        else:
            self._alpha = photo.alpha if self._same_size else np.zeros((photo.batch, height, width), dtype)

    def write(self, top: int, left: int, color: Tensor, alpha: Tensor | None = None, *, straight: bool = False) -> None:
        """Write a region.

        Args:
            top: first row.
            left: first column.
            color: ``(B, C, h, w)``, clamped to [0, 1].
            alpha: ``(B, 1, h, w)``, needed if the photo has alpha and another size.
            straight: whether the colour of a photo with alpha is straight, not premultiplied.

        Raises:
            RestoreError: values that are not finite.
        """
        if not torch.isfinite(color).all() or (alpha is not None and not torch.isfinite(alpha).all()):
            raise RestoreError(f"the result for {self._photo.name} holds values that are not finite")
        rows, columns = slice(top, top + color.shape[-2]), slice(left, left + color.shape[-1])
        region = (slice(None), rows, columns)
        if self._alpha is None:
            self._pixels[region] = _to_array(color, self._pixels.dtype)
            return
        if self._same_size:
            alpha = _to_tensor(self._alpha[region][..., None])
        elif alpha is None:
            raise RestoreError(f"{self._photo.name} has alpha, and the result was written without it")
        else:
            alpha = alpha.float().cpu().clamp(0, 1)
            self._alpha[region] = _to_array(alpha, self._alpha.dtype)[..., 0]
        color = color.float().cpu()
        if not straight:
            color = torch.where(alpha > 0, color / alpha.clamp(min=SMALLEST), 0)
        self._pixels[region] = _to_array(color, self._pixels.dtype)
        if self._same_size and self._pixels.shape == self._photo.pixels.shape:
            hidden = self._alpha[region] == 0
            self._pixels[region][hidden] = self._photo.pixels[region][hidden]

    def keep(self, known: Pixels) -> None:
        """Take the photo's pixels where ``known`` (B, H, W) is true, bit for bit; sizes must be the same."""
        self._pixels[known] = self._photo.pixels[known]

    def photo(self) -> Photo:
        """Return the finished result, in the form of the photo it came from.

        Its colour profile is left out where the model made gray of colour, or colour of gray, to which it
        does not apply.
        """
        form, channels = self._photo.form, self._pixels.shape[3]
        icc = form.metadata.icc
        if icc and channels != self._photo.channels and icc[16:20] != SPACES[channels]:
            form = replace(form, metadata=replace(form.metadata, icc=None))
        return replace(self._photo, pixels=self._pixels, alpha=self._alpha, form=form)


def _to_tensor(array: Pixels) -> Tensor:
    peak = PEAKS[array.dtype.name]
    tensor = torch.from_numpy(array.astype(np.float32)).permute(0, 3, 1, 2)
    return tensor if peak == 1 else tensor / peak


def _to_array(tensor: Tensor, dtype: np.dtype[np.generic]) -> Pixels:
    values = tensor.detach().clamp(0, 1).permute(0, 2, 3, 1)
    peak = PEAKS[dtype.name]
    values = values.float() if peak == 1 else values.float().mul(peak).round()
    array: Pixels = values.cpu().numpy().astype(dtype)
    return array
