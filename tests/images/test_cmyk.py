"""CMYK becomes sRGB by the file's own profile."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from restore import images


def printer_profile(lab):
    """Lay out an ICC profile (ICC.1:2001, 6.5.9) of a printer whose coloured inks all give one colour."""
    white, black, ink = (
        (255, 128, 128),
        (0, 128, 128),
        tuple(round(v) for v in (lab[0] * 2.55, lab[1] + 128, lab[2] + 128)),
    )
    identity = bytes(range(256))
    matrix = struct.pack(">9l", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + identity * 4
    table += bytes((*white, *black)) + bytes((*ink, *black)) * 7 + identity * 3
    head = struct.pack(">L4sL4s4s4s", 128 + 16 + len(table), b"lcms", 0x02100000, b"prtr", b"CMYK", b"Lab ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3l", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">L4sLL", 1, b"A2B0", 144, len(table)) + table


def srgb_of(lab):
    """Convert CIELAB under D50 to sRGB (IEC 61966-2-1), with Bradford's adaptation."""
    y = (lab[0] + 16) / 116
    xyz = np.array([0.9642, 1, 0.8249]) * np.array([y + lab[1] / 500, y, y - lab[2] / 200]) ** 3
    bradford = [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
    return 255 * (1.055 * (bradford @ xyz) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_the_profile_decides_and_the_result_says_srgb(file_format, tmp_path):
    lab = (60, -40, 30)
    path = tmp_path / "in"
    cmyk = Image.new("CMYK", (8, 8), (255, 0, 255, 0))
    cmyk.save(
        path,
        file_format,
        icc_profile=printer_profile(lab),
        **({"quality": 100} if file_format == "JPEG" else {}),
    )
    photo = images.load(path)
    want = srgb_of(lab)
    assert np.abs(photo.numpy().reshape(-1, 3) - want).max() <= 4  # adapted from D50 to D65 by another formula
    by_formula = (0, 255, 0)
    assert np.abs(want - by_formula).max() > 50
    for suffix in ("png", "jpg", "tif"):
        with Image.open(photo.save(tmp_path / f"out.{suffix}")) as image:
            assert image.mode == "RGB"
            assert image.info["icc_profile"][16:20] == b"RGB "
            assert b"sRGB" in image.info["icc_profile"].replace(b"\0", b"")
