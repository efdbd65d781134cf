"""Registration of the losses."""

from __future__ import annotations

from restore.plugin import LossSpec, NetworkSpec, hookimpl
from restore_losses.networks import NETWORKS

LEDIG = "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a GAN, CVPR 2017, arXiv 1609.04802"
JOHNSON = "Johnson, Alahi and Fei-Fei, Perceptual Losses for Real-Time Style Transfer, ECCV 2016; " + LEDIG
ODENA = "Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts, Distill 2016"
GOODFELLOW = "Goodfellow et al., Generative Adversarial Nets, NIPS 2014"


def _loss(
    name: str, factory: str, summary: str, citation: str = "", networks: tuple[NetworkSpec, ...] = ()
) -> LossSpec:
    return LossSpec(
        name=name,
        factory=f"restore_losses.{factory}",
        summary=summary,
        licence="Apache-2.0",
        citation=citation,
        networks=networks,
    )


@hookimpl
def restore_losses() -> list[LossSpec]:
    """Every loss of this package."""
    return [
        _loss("mse", "mse:MSE", "Mean squared error"),
        _loss("l1", "l1:L1", "Mean absolute error"),
        _loss("charbonnier", "charbonnier:Charbonnier", "Absolute error, smooth at zero"),
        _loss("tv", "tv:TotalVariation", "Total variation of the prediction", "Rudin, Osher and Fatemi, 1992"),
        _loss("checkerboard", "checkerboard:Checkerboard", "Grids that repeat with the scale", ODENA),
        _loss("consistency", "consistency:Consistency", "The prediction, degraded again, against the input"),
        _loss(
            "perceptual",
            "perceptual:Perceptual",
            "Distance of a network's features; needs its weights",
            JOHNSON,
            tuple(NETWORKS.values()),
        ),
        _loss("adversarial", "adversarial:Adversarial", "How unlikely a critic finds the prediction", GOODFELLOW),
    ]
