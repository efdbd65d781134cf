"""Registration of the models that search a prior."""

from __future__ import annotations

from restore.plugin import ModelSpec, hookimpl

YEH = (
    "Yeh et al., Semantic Image Inpainting with Deep Generative Models, CVPR 2017, arXiv 1607.07539; "
    "Yeh et al., Image Restoration with Deep Generative Models, ICASSP 2018"
)


@hookimpl
def restore_models() -> list[ModelSpec]:
    """One model, which undoes whatever has a gradient; sizes and channels are the prior's."""
    return [
        ModelSpec(
            name="inversion",
            factory="restore_inpainting.inversion:LatentInversion",
            task="restoration",
            summary="Search of a prior for the image that, degraded, is what was observed",
            scale=None,
            channels=(1, 3),
            stochastic=True,
            dtypes=("float32", "bfloat16"),
            licence="Apache-2.0",
            citation=YEH,
        )
    ]
