"""An identity model and files made by hand or by other libraries, for the tests of images."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from restore import images


def through_tiles(photo, side=5):
    """Send a photo through Source and Canvas in tiles, as a model that changes nothing would."""
    source, canvas = photo.source(), photo.canvas()
    for top in range(0, photo.height, side):
        for left in range(0, photo.width, side):
            height, width = min(side, photo.height - top), min(side, photo.width - left)
            tile = source.read(top, left, height, width)
            canvas.write(top, left, tile, source.read_alpha(top, left, height, width))
    return canvas.photo()


@pytest.fixture(scope="session")
def identity():
    """Load, read, write and give back: what everything but a model does to an image."""
    return lambda image, **options: images.export(through_tiles(images.load(image, **options)))


@pytest.fixture
def random_image():
    """Make an array that uses the whole range of its dtype; where alpha is 0, its colours are garbage."""

    def make(height, width, channels, dtype, seed=0):
        rng = np.random.default_rng(seed)
        shape = (height, width, channels)
        if np.dtype(dtype).kind == "f":
            array = rng.random(shape).astype(dtype)
        else:
            array = rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
        if channels in (2, 4):
            array[::3, ::2, -1] = 0
            array[1::3, ::2, -1] = 1
        return array

    return make


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.fixture
def png():
    """Write a PNG from its parts: the rows of samples as they lie in the file, without filters."""

    def write(width, height, depth, color_type, rows, *, interlace=0, chunks=(), data=None):
        header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlace)
        packed = zlib.compress(b"".join(b"\0" + row for row in rows)) if data is None else data
        extra = b"".join(chunk(kind, content) for kind, content in chunks)
        body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + body

    return write


@pytest.fixture
def png_samples():
    """Decode a PNG of 8 or 16 bits after the specification, with filters: an oracle that is no library's."""

    def decode(data):
        at, packed, header = 8, b"", None
        while at < len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            content = data[at + 8 : at + 8 + length]
            assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + content)
            header = struct.unpack(">IIBBBBB", content) if kind == b"IHDR" else header
            packed += content if kind == b"IDAT" else b""
            at += 12 + length
        width, height, depth, color_type, *_, interlace = header
        assert interlace == 0
        channels = {0: 1, 4: 2, 2: 3, 6: 4}[color_type]
        step = channels * depth // 8
        raw, above, rows = zlib.decompress(packed), bytearray(width * step), []
        for y in range(height):
            kind, *row = raw[y * (width * step + 1) : (y + 1) * (width * step + 1)]
            row = bytearray(row)
            for x in range(len(row)):
                a = row[x - step] if x >= step else 0
                b, c = above[x], above[x - step] if x >= step else 0
                nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
                row[x] = (row[x] + (0, a, b, (a + b) // 2, nearest)[kind]) % 256
            rows.append(bytes(row))
            above = row
        samples = np.frombuffer(b"".join(rows), ">u2" if depth == 16 else np.uint8)
        return samples.reshape(height, width, channels).astype(f"uint{depth}")

    return decode
