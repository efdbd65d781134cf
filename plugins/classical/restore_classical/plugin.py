"""Registration of the baselines without learning."""

from __future__ import annotations

from restore.plugin import ModelSpec, Tiling, hookimpl

KEYS = "Keys, Cubic convolution interpolation for digital image processing, 1981; MATLAB imresize"
DUCHON = "Duchon, Lanczos Filtering in One and Two Dimensions, 1979"
TELEA = "Telea, An Image Inpainting Technique Based on the Fast Marching Method, 2004"
BERTALMIO = "Bertalmio, Bertozzi and Sapiro, Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting, CVPR 2001"
BIHARMONIC = (
    "Chui and Mhaskar, MRA Contextual-Recovery Extension of Smooth Functions on Manifolds, 2010; Damelin and "
    "Hoang, On Surface Completion and Image Inpainting by Biharmonic Functions: Numerical Aspects, 2018"
)
BUADES = "Buades, Coll and Morel, A Non-Local Algorithm for Image Denoising, CVPR 2005"
CHAMBOLLE = (
    "Rudin, Osher and Fatemi, Nonlinear Total Variation Based Noise Removal Algorithms, 1992; Chambolle, An "
    "Algorithm for Total Variation Minimization and Applications, 2004"
)


def _spec(
    name: str,
    factory: str,
    task: str,
    summary: str,
    *,
    citation: str = "",
    scale: int | None = 1,
    tiling: Tiling = "forbidden",
    receptive_field: int | None = None,
) -> ModelSpec:
    return ModelSpec(
        name=name,
        factory=f"restore_classical.{factory}",
        task=task,
        summary=summary,
        licence="Apache-2.0",
        citation=citation,
        scale=scale,
        channels=(1, 3),
        tiling=tiling,
        receptive_field=receptive_field,
    )


def _upscaler(name: str, factory: str, summary: str, *, receptive_field: int, citation: str = "") -> ModelSpec:
    return _spec(
        name,
        f"upscaling:{factory}",
        "super-resolution",
        summary,
        citation=citation,
        scale=None,
        tiling="exact",
        receptive_field=receptive_field,
    )


@hookimpl
def restore_models() -> list[ModelSpec]:
    """Everything this package offers."""
    return [
        _upscaler("nearest", "Nearest", "Upscaling by repeated pixels", receptive_field=1),
        _upscaler("bicubic", "Bicubic", "Bicubic upscaling, MATLAB-exact", receptive_field=4, citation=KEYS),
        _upscaler("lanczos", "Lanczos", "Lanczos-3 upscaling", receptive_field=6, citation=DUCHON),
        _spec(
            "telea", "inpainting:Telea", "inpainting", "Fast marching from the border inwards; OpenCV",
            citation=TELEA,
        ),
        _spec(
            "navier-stokes", "inpainting:NavierStokes", "inpainting", "Isophotes continue into holes; OpenCV",
            citation=BERTALMIO,
        ),
        _spec(
            "biharmonic", "inpainting:Biharmonic", "inpainting", "The smoothest surface; scikit-image",
            citation=BIHARMONIC,
        ),
        _spec(
            "nlm", "denoising:NonLocalMeans", "denoising", "Non-local means; scikit-image", citation=BUADES
        ),
        _spec(
            "tv-chambolle", "denoising:TotalVariation", "denoising",
            "Least total variation by Chambolle's projections; scikit-image", citation=CHAMBOLLE,
        ),
    ]  # fmt: skip
