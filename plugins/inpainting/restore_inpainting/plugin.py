"""Registration of the models that search a prior, and of the loss that semantic inpainting adds."""

from __future__ import annotations

from restore.plugin import LossSpec, ModelSpec, hookimpl

SEMANTIC = "Yeh et al., Semantic Image Inpainting with Deep Generative Models, CVPR 2017, arXiv 1607.07539"
YEH = f"{SEMANTIC}; Yeh et al., Image Restoration with Deep Generative Models, ICASSP 2018"


@hookimpl
def restore_models() -> list[ModelSpec]:
    """One that undoes whatever has a gradient, and one that fills holes; sizes and channels are the prior's."""
    return [
        ModelSpec(
            name="inversion",
            factory="restore_inpainting.inversion:LatentInversion",
            task="restoration",
            summary="Search of a prior for the image that, degraded, is what was observed",
            scale=None,
            channels=(1, 3),
            stochastic=True,
            non_blind=True,
            dtypes=("float32", "bfloat16"),
            licence="Apache-2.0",
            citation=YEH,
        ),
        ModelSpec(
            name="semantic-inpainting",
            factory="restore_inpainting.semantic:SemanticInpainting",
            task="inpainting",
            size_cure="box=x,y,width,height (--set box=..., or behind the model's name) says where in it there is what "
            "the prior knows; or crop it",
            summary="Holes filled with what a prior finds likely, blended in",
            channels=(1, 3),
            stochastic=True,
            dtypes=("float32", "bfloat16"),
            licence="Apache-2.0",
            citation=SEMANTIC,
        ),
    ]


@hookimpl
def restore_losses() -> list[LossSpec]:
    """The contextual loss."""
    return [
        LossSpec(
            name="contextual",
            factory="restore_inpainting.contextual:Contextual",
            summary="Distance from the known pixels, above all those near a hole",
            needs=("observation",),
            minimum=0.0,
            licence="Apache-2.0",
            citation=SEMANTIC,
        )
    ]
