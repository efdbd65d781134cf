"""Registration of the degradations."""

from __future__ import annotations

from restore.plugin import DegradationSpec, Gradient, hookimpl


def _spec(
    name: str,
    factory: str,
    summary: str,
    *,
    citation: str = "",
    differentiable: bool = True,
    gradient: Gradient = "exact",
    masks: bool = False,
) -> DegradationSpec:
    return DegradationSpec(
        name=name,
        factory=f"restore_degradations.{factory}",
        summary=summary,
        licence="Apache-2.0",
        citation=citation,
        differentiable=differentiable,
        gradient=gradient,
        masks=masks,
    )


@hookimpl
def restore_degradations() -> list[DegradationSpec]:
    """Everything this package offers."""
    return [
        _spec(
            "bicubic", "bicubic:Bicubic", "Downscaling, MATLAB-exact",
            citation="Keys, Cubic Convolution Interpolation for Digital Image Processing, TASSP 1981",
        ),
        _spec("gaussian-blur", "blur:GaussianBlur", "Blur by a Gaussian"),
        _spec("motion-blur", "blur:MotionBlur", "Blur along a straight path"),
        _spec("gaussian-noise", "noise:GaussianNoise", "Additive white Gaussian noise"),
        _spec("poisson-noise", "noise:PoissonNoise", "Photon noise", differentiable=False),
        _spec("salt-pepper", "noise:SaltPepper", "Pixels stuck at white or black"),
        _spec("jpeg", "coding:Jpeg", "Compression by libjpeg", differentiable=False),
        _spec(
            "photo", "photo:Photo", "Photographs of phones and the web: blur, resize, noise, JPEG, all at random",
            differentiable=False,
            citation="Wang et al., Real-ESRGAN, ICCVW 2021, arXiv 2107.10833; Zhang et al., BSRGAN, ICCV 2021",
        ),
        _spec("quantize", "coding:Quantize", "Few levels; straight-through gradient", gradient="surrogate"),
        _spec("grayscale", "coding:Grayscale", "Loss of colour, BT.601 luma"),
        _spec("mask-center", "masks:MaskCenter", "A missing rectangle in the middle", masks=True),
        _spec("mask-random", "masks:MaskRandom", "Missing single pixels", masks=True),
        _spec(
            "mask-pattern", "masks:MaskPattern", "Missing irregular blobs", masks=True,
            citation="Pathak et al., Context Encoders, CVPR 2016; Yeh et al., CVPR 2017",
        ),
        _spec("mask-half", "masks:MaskHalf", "A missing half", masks=True),
        _spec(
            "mask-strokes", "masks:MaskStrokes", "Missing brush strokes", masks=True,
            citation="Yu et al., Free-Form Image Inpainting with Gated Convolution, ICCV 2019",
        ),
    ]  # fmt: skip
