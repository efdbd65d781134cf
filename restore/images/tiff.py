"""TIFF files -> Photo: 8 bits by Pillow, the rest by tifffile, or OpenCV for codecs that it lacks."""

from __future__ import annotations

import io
import logging
import struct
from dataclasses import replace

import numpy as np
import tifffile

from restore.errors import InputError
from restore.images.arrays import assemble, check_range, file_form
from restore.images.decode import open_image, refuse_large
from restore.images.metadata import upright_xmp, xmp_orientation
from restore.images.opencv import decode_unchanged
from restore.images.photo import Kind, Metadata, Photo, Pixels
from restore.images.pillow import DECODING_ERRORS, from_pil, upright
from restore.images.tiff_tags import exif_block, read_tags

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it would print what our errors say

UNSPECIFIED, PREMULTIPLIED, UNASSOCIATED = 0, 1, 2
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
CENTIMETRE, NO_UNIT = 3, 1
SIGNED = 2
BIG_ENDIAN_BIG_TIFF = b"MM\0+"
DEPTHS = (16, 32, 64)
BAND = 1 << 20
"""About how many samples are un-premultiplied at a time: only so many are ever float."""


def decode_tiff(data: bytes, name: str, kind: Kind, max_pixels: int) -> Photo:
    """Decode a TIFF of one page. Raises InputError."""
    try:
        with io.BytesIO(data) as stream, tifffile.TiffFile(stream) as file:
            page = file.pages.first
            refuse_large(page.imagewidth, page.imagelength, name, max_pixels)
            pages = len(file.pages)
            if pages > 1:
                raise InputError(f"{name} has {pages} pages", "take them apart first")
            metadata = _metadata(page, data)
            if page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and page.samplesperpixel > 4:
                raise InputError(
                    f"{name} has {page.samplesperpixel} channels", "keep gray or RGB, with or without alpha"
                )
            if not _beyond_pillow(page, data):
                with io.BytesIO(_with_alpha_told(page, data)) as plain:
                    photo = from_pil(open_image(plain, name, max_pixels), name, kind=kind)
                metadata = replace(metadata, icc=photo.form.metadata.icc)
                return replace(photo, form=replace(photo.form, metadata=metadata))
            samples = _samples(page, data, name)
            orientation = page.tags.valueof("Orientation", xmp_orientation(page.tags.valueof("XMP")))
    except (*DECODING_ERRORS, tifffile.TiffFileError) as error:
        raise InputError(f"{name} is corrupt or truncated: {error}", "get the file again") from error
    form = file_form(kind, samples.dtype.name, "TIFF", metadata)
    return assemble(upright(samples, orientation)[None], form, name)


def _beyond_pillow(page: tifffile.TiffPage, data: bytes) -> bool:
    """Whether Pillow would refuse or cut these samples."""
    plain = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and page.bitspersample == 8
    odd = page.sampleformat == SIGNED or data.startswith(BIG_ENDIAN_BIG_TIFF)
    return page.bitspersample > 8 or (plain and odd)


def _with_alpha_told(page: tifffile.TiffPage, data: bytes) -> bytes:
    """Declare a last channel of unspecified meaning to be alpha, as others take it; Pillow drops it."""
    if tuple(page.extrasamples) != (UNSPECIFIED,) or page.photometric not in (BLACK_IS_ZERO, RGB):
        return data
    told = bytearray(data)
    struct.pack_into(page.parent.byteorder + "H", told, page.tags["ExtraSamples"].valueoffset, UNASSOCIATED)
    return bytes(told)


def _samples(page: tifffile.TiffPage, data: bytes, name: str) -> Pixels:
    """Return ``(H, W, C)`` in uint8, uint16 or float. Raises InputError."""
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) or (
        page.bitspersample not in DEPTHS and page.bitspersample != 8
    ):
        raise InputError(
            f"{name} has {page.bitspersample}-bit samples of the kind {_word(page.photometric)}",
            "convert it to 16-bit gray or RGB first",
        )
    array = _decode(page, data, name)
    if page.planarconfig == 2 and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    array = array[..., None] if array.ndim == 2 else array
    if array.dtype.name == "float16":
        array = array.astype(np.float32)
    if array.dtype.name not in ("uint8", "uint16", "float32", "float64"):
        raise InputError(f"{name} has samples of type {array.dtype}", "convert it to 8 or 16 bits, or float32")
    if array.shape[:2] != (page.imagelength, page.imagewidth) or array.ndim != 3:
        raise InputError(f"{name} is no plain image: its samples are {array.shape}", "export it as one plane")
    array = check_range(array.astype(array.dtype.newbyteorder("="), copy=False), name)
    if page.photometric == WHITE_IS_ZERO:
        array = array.copy()
        array[..., :1] = _peak(array) - array[..., :1]
    if PREMULTIPLIED in page.extrasamples and array.shape[2] in (2, 4):
        array = _straight(array)
    return array


def _decode(page: tifffile.TiffPage, data: bytes, name: str) -> Pixels:
    try:
        array: Pixels = page.asarray()
        return array
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    return _decode_by_opencv(page, data, name)


def _decode_by_opencv(page: tifffile.TiffPage, data: bytes, name: str) -> Pixels:
    file = bytearray(data)
    orientation = page.tags.get("Orientation")
    if orientation is not None:  # OpenCV would apply it, whatever the flags say
        struct.pack_into(page.parent.byteorder + "H", file, orientation.valueoffset, 1)
    decoded = decode_unchanged(file)
    channels = 0 if decoded is None else decoded.size // (decoded.shape[0] * decoded.shape[1])
    if (
        decoded is None
        or decoded.dtype != page.dtype
        or channels != page.samplesperpixel
        or page.bitspersample == 8  # OpenCV would premultiply
    ):
        raise InputError(
            f"{name} is damaged, or compressed by {_word(page.compression)}, which is not at hand",
            "get the file again, pip install imagecodecs, or save it without compression",
        )
    if decoded.ndim == 3:
        decoded = decoded[..., [2, 1, 0, 3][: decoded.shape[2]]]
    return decoded.transpose(2, 0, 1) if page.planarconfig == 2 and decoded.ndim == 3 else decoded


def _word(value: int) -> str:
    """Return the name of one of tifffile's constants, or an unknown one's number."""
    return str(getattr(value, "name", value))


def _straight(array: Pixels) -> Pixels:
    """Divide premultiplied colour by alpha; a band of rows is float at a time."""
    peak = _peak(array)
    result = array.copy()
    rows = max(1, BAND // (array.shape[1] * array.shape[2]))
    for top in range(0, len(array), rows):
        band = array[top : top + rows]
        alpha = band[..., -1:].astype(np.float64) / peak
        color = np.divide(band[..., :-1], alpha, out=np.zeros(band[..., :-1].shape), where=alpha > 0)
        color = color.clip(0, peak)
        result[top : top + rows, :, :-1] = color.round() if array.dtype.kind == "u" else color
    return result


def _peak(array: Pixels) -> int:
    return int(np.iinfo(array.dtype).max) if array.dtype.kind == "u" else 1


def _metadata(page: tifffile.TiffPage, data: bytes) -> Metadata:
    icc, xmp = page.tags.valueof("InterColorProfile"), page.tags.valueof("XMP")
    return Metadata(
        icc=bytes(icc) if icc else None,
        exif=exif_block(read_tags(data)),
        xmp=upright_xmp(bytes(xmp)) if xmp else None,
        dpi=_dpi(page),
    )


def _dpi(page: tifffile.TiffPage) -> tuple[float, float] | None:
    unit = page.tags.valueof("ResolutionUnit", 2)
    x, y = page.tags.valueof("XResolution"), page.tags.valueof("YResolution")
    if unit == NO_UNIT or not (isinstance(x, tuple) and isinstance(y, tuple) and all((*x, *y))):
        return None
    factor = 2.54 if unit == CENTIMETRE else 1.0
    return x[0] / x[1] * factor, y[0] / y[1] * factor
