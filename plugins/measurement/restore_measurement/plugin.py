"""Registration of the metrics and protocols."""

from __future__ import annotations

import math
from typing import Any

from restore.plugin import MetricSpec, ProtocolSpec, hookimpl
from restore_measurement.networks import NETWORKS

WANG = "Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to SSIM, IEEE TIP 2004"
ZHANG = "Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018"


def _metric(name: str, factory: str, summary: str, citation: str = "", **declared: Any) -> MetricSpec:
    return MetricSpec(
        name=name,
        factory=f"restore_measurement.{factory}",
        summary=summary,
        licence="Apache-2.0",
        citation=citation,
        **declared,
    )


def _protocol(name: str, summary: str) -> ProtocolSpec:
    file = f"restore_measurement:protocols/{name}.toml"
    return ProtocolSpec(name=name, file=file, summary=summary, licence="Apache-2.0")


@hookimpl
def restore_metrics() -> list[MetricSpec]:
    """Every metric of this package."""
    return [
        _metric(
            "psnr", "psnr:PSNR", "Peak signal-to-noise ratio in dB, 255 for white",
            identity=math.inf, symmetric=True,
        ),
        _metric(
            "ssim", "ssim:SSIM", "Structural similarity, 11 x 11 Gaussian window", WANG,
            identity=1.0, symmetric=True, min_size=11,
        ),
        _metric(
            "lpips", "lpips:LPIPS", "Learned perceptual distance; needs the weights of its network", ZHANG,
            identity=0.0, symmetric=True, follows_protocol=False, min_size=32, networks=tuple(NETWORKS.values()),
        ),
        _metric(
            "lr-consistency", "consistency:LRConsistency", "PSNR of the degraded result against the input",
            identity=math.inf, follows_protocol=False,
        ),
        _metric("accuracy", "accuracy:Accuracy", "Share of labels that are right", compares="labels", identity=1.0),
    ]  # fmt: skip


@hookimpl
def restore_protocols() -> list[ProtocolSpec]:
    """Every protocol of this package."""
    return [
        _protocol("rgb", "whole image, all channels"),
        _protocol("y", "whole image, luma"),
        _protocol("sr-y", "the super-resolution literature's: luma, border cropped by the scale"),
        _protocol("sr-rgb", "super-resolution on all channels, border cropped by the scale"),
        *(_protocol(f"sr-x{n}", f"super-resolution by {n}: bicubic, luma, {n} pixels cropped") for n in (2, 3, 4)),
        _protocol("sr-x4-matlab", "super-resolution by 4 as the classic tables: luma alone, all in uint8"),
        _protocol("sr-x4-rgb", "super-resolution by 4 on all channels, 4 pixels cropped"),
        _protocol("sr-x4-real", "super-resolution by 4 of blurred, noisy, compressed images: luma, 4 pixels cropped"),
        *(_protocol(f"denoise-gray-{n}", f"Gaussian noise of sigma {n}/255 on luma") for n in (15, 25, 50)),
        _protocol("denoise-rgb-25", "Gaussian noise of sigma 25/255 on all channels"),
        _protocol("inpaint-center", "the middle is missing, a quarter of the image"),
        _protocol("inpaint-pattern", "blobs are missing, a quarter of the image"),
        _protocol("inpaint-random80", "80 % of the pixels are missing"),
        _protocol("inpaint-half", "one half is missing, drawn for each image"),
    ]
