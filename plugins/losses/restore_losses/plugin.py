"""Registration of the losses."""

from __future__ import annotations

import math
from typing import Any

from restore.plugin import LossSpec, hookimpl
from restore_losses.networks import NETWORKS

LEDIG = "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a GAN, CVPR 2017, arXiv 1609.04802"
JOHNSON = "Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer, ECCV 2016; " + LEDIG
ODENA = "Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts, Distill 2016"
LAI = "Lai et al., Deep Laplacian Pyramid Networks, CVPR 2017, equation 2"
RUDIN = "Rudin, Osher and Fatemi, Nonlinear total variation based noise removal algorithms, Physica D 1992"
GOODFELLOW = "Goodfellow et al., Generative Adversarial Nets, NIPS 2014"


@hookimpl
def restore_losses() -> list[LossSpec]:
    """Every loss of this package; ranges hold for images in [0, 1]."""
    return [
        _loss("mse", "mse:MSE", "Mean squared error", at_equality="zero", maximum=1.0),
        _loss("l1", "l1:L1", "Mean absolute error", at_equality="zero", maximum=1.0),
        _loss(
            "charbonnier", "charbonnier:Charbonnier", "Absolute error, smooth at zero", LAI, at_equality="minimal"
        ),
        _loss(
            "tv", "tv:TotalVariation", "Total variation of the prediction", RUDIN, needs=(), maximum=math.sqrt(2)
        ),
        _loss(
            "checkerboard", "checkerboard:Checkerboard", "Grids that repeat with the scale", ODENA,
            at_equality="zero", maximum=1.0,
        ),
        _loss(
            "consistency", "consistency:Consistency", "The prediction, degraded again, against the input",
            needs=("observation",), maximum=1.0,
        ),
        _loss(
            "perceptual", "perceptual:Perceptual", "Distance of a network's features; needs its weights", JOHNSON,
            at_equality="zero", networks=tuple(NETWORKS.values()),
        ),
        _loss(
            "adversarial", "adversarial:Adversarial", "How unlikely a critic finds the prediction", GOODFELLOW,
            needs=("target", "critic"), minimum=None,
        ),
    ]  # fmt: skip


def _loss(
    name: str, factory: str, summary: str, citation: str = "", *, minimum: float | None = 0.0, **fields: Any
) -> LossSpec:
    return LossSpec(
        name=name, factory=f"restore_losses.{factory}", summary=summary, licence="Apache-2.0", citation=citation,
        minimum=minimum, **fields,
    )  # fmt: skip
