"""A protocol in words and formulae."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from restore.options import parse

if TYPE_CHECKING:
    from restore.benchmark.protocol import Protocol

LUMA = "16 + (65.481 R + 128.553 G + 24.966 B) / 255"
IMAGE: Mapping[str, str] = {
    "as-is": "as it is in the file",
    "rgb": "RGB; gray files are replicated",
    "gray": "round(0.299 R + 0.587 G + 0.114 B)\nBT.601, full range; gray files as they are",
    "luma": f"round({LUMA})\nBT.601, studio range; gray files as they are",
}
INPUT: Mapping[str, str] = {
    "uint8": "clamped to 0..255, rounded to whole levels",
    "none": "clamped to 0..255, not rounded",
}
LEVELS: Mapping[str, str] = {
    "uint8": "0..255, clamped and rounded to whole levels before measuring",
    "none": "0..255, not rounded",
}
COLOR: Mapping[str, str] = {
    "rgb": "all channels",
    "y": f"Y = {LUMA}\nBT.601, studio range; gray images as they are",
}
HOLE = (
    "the hole is the missing pixels alone:\n"
    "PSNR over them, SSIM where the middle of its window is missing;\n"
    "LPIPS over the places of each layer that are missing"
)


def describe(protocol: Protocol, scale: int | None = None) -> str:
    """Return a protocol as text, line by line; the first line is its name, hash and summary.

    Args:
        protocol: what to describe.
        scale: of the degradation, where the protocol has none of its own.
    """
    rows = [("protocol", f"{protocol.id} {protocol.hash[:12]}: {protocol.summary}".rstrip(": "))]
    if protocol.degradation:
        rows += _degradation(protocol)
    rows += [
        ("levels", LEVELS[protocol.rounding]),
        ("border", _border(protocol, scale)),
        ("colour", COLOR[protocol.color]),
    ]
    rows += [(name, text) for name in protocol.metric_names for text in _metric(protocol, name)]
    if "hole" in protocol.regions:
        rows.append(("regions", f"{', '.join(protocol.regions)}; {HOLE}"))
    rows.append(("pooling", "mean of the images' scores"))
    return "\n".join(line for label, text in rows for line in _lines(label, text))


def _degradation(protocol: Protocol) -> list[tuple[str, str]]:
    size = f"\nsides cropped to multiples of {protocol.scale}" if protocol.scale > 1 else ""
    return [
        ("original", IMAGE[protocol.image] + size),
        ("input", f"{protocol.degradation}\n{INPUT[protocol.degraded_rounding]}"),
        ("seed", f"{protocol.seed}, hashed with the path of each image below its folder"),
    ]


def _border(protocol: Protocol, scale: int | None) -> str:
    if protocol.crop_border == 0:
        return "not cropped"
    if protocol.crop_border != "scale":
        return f"{protocol.crop_border} pixels cropped on each side"
    known = scale or (protocol.scale if protocol.scale > 1 else None)
    return f"{f'{known} pixels (the scale)' if known else 'as many pixels as the scale'} cropped on each side"


def _metric(protocol: Protocol, name: str) -> list[str]:
    """Return what is said of a metric: one paragraph, or none where its own page says all."""
    window = f"{protocol.ssim_window} x {protocol.ssim_window}, sigma {protocol.ssim_sigma:g}"
    options = next((parse(metric)[1] for metric in protocol.metrics if parse(metric)[0] == name), {})
    said = {
        "psnr": "10 log10(255^2 / MSE), MSE over pixels and channels; identical: inf",
        "ssim": f"Wang et al. 2004: Gaussian {window}, K1 {protocol.ssim_k1:g}, K2 {protocol.ssim_k2:g},\n"
        "valid region, biased covariance, mean over channels",
        "lpips": f"Zhang et al. 2018, version {protocol.lpips_version}, network {options.get('net', 'alex')}\n"
        "whole image, RGB in [-1, 1], gray replicated, no border cropped",
        "lr-consistency": "PSNR of the degraded result against the input",
    }
    return [said[name]] if name in said else []


def _lines(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    side = max(10, len(label) + 2)
    return [f"{label:<{side}}{first}", *(" " * side + line for line in rest)]
