"""Registration of SRResNet, SRGAN and their training recipes."""

from __future__ import annotations

from restore.plugin import BlendSpec, ModelSpec, RecipeSpec, WeightsSpec, hookimpl

PAPER = "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a GAN, CVPR 2017, arXiv 1609.04802"


OPTIONS = {"scale": 4, "blocks": 16, "channels": 64, "norm": "none", "skip": "bilinear"}
"""Of the network that our weights fill."""


def _model(name: str, summary: str, *weights: WeightsSpec) -> ModelSpec:
    return ModelSpec(
        name=name,
        factory="restore_srgan.generator:SRResNet",
        task="super-resolution",
        summary=summary,
        scale=None,
        channels=(3,),
        tiling="exact",
        receptive_field=None,
        dtypes=("float32", "bfloat16"),
        weights=weights,
        licence="Apache-2.0",
        citation=PAPER,
    )


@hookimpl
def restore_models() -> list[ModelSpec]:
    """SRResNet, and the same network trained adversarially."""
    return [
        _model(
            "srresnet",
            "Residual network of the SRGAN paper, trained on pixel error",
            WeightsSpec(
                tag="psnr-x4",
                file="restore_srgan:weights/srresnet-psnr-x4.safetensors",
                sha256="67164afbbbec41dbf9b5b55e658db552784048b253bd1751ee99ab86fd5dd5fe",
                options=OPTIONS,
                summary="x4, absolute error, T91 and BSDS",
                licence="Apache-2.0",
                card="restore_srgan:weights/srresnet-psnr-x4.md",
            ),
            WeightsSpec(
                tag="psnr-x2",
                file="restore_srgan:weights/srresnet-psnr-x2.safetensors",
                sha256="89a8e12955b8c6765884acd5262c44020aceecc723340aa2fb437603d76c2097",
                options={**OPTIONS, "scale": 2},
                summary="x2, absolute error, T91 and BSDS",
                licence="Apache-2.0",
                card="restore_srgan:weights/srresnet-psnr-x2.md",
            ),
            WeightsSpec(
                tag="real-x4",
                file="restore_srgan:weights/srresnet-real-x4.safetensors",
                sha256="ea6c4364f874cf2d6e3f0c2a87a5b60d3dba6123f40d4a3df668adaaf4bbd271",
                options=OPTIONS,
                summary="x4, absolute error, for photographs with noise and JPEG, T91 and BSDS",
                licence="Apache-2.0",
                card="restore_srgan:weights/srresnet-real-x4.md",
            ),
        ),
        _model(
            "srgan",
            "The same network, trained on features and against a discriminator: invents texture",
            WeightsSpec(
                tag="photo-x4",
                file="restore_srgan:weights/srgan-photo-x4.safetensors",
                sha256="0265b826a0112941e1d80aa9836f9f35fd977c1bef3c074463be14479797926d",
                options=OPTIONS,
                blend=BlendSpec(option="fidelity", towards="srresnet.psnr-x4", summary="how little is invented"),
                summary="x4, VGG19, SqueezeNet and adversarial, T91 and BSDS",
                licence="Apache-2.0",
                card="restore_srgan:weights/srgan-photo-x4.md",
            ),
            WeightsSpec(
                tag="real-x4",
                file="restore_srgan:weights/srgan-real-x4.safetensors",
                sha256="37ef82f0bfbf1eabe387a46e3dee1a16789befcc2864a76631256bad3b12df5c",
                options=OPTIONS,
                blend=BlendSpec(option="fidelity", towards="srresnet.real-x4", summary="how little is invented"),
                summary="x4, the same for photographs with noise and JPEG",
                licence="Apache-2.0",
                card="restore_srgan:weights/srgan-real-x4.md",
            ),
        ),
    ]


@hookimpl
def restore_recipes() -> list[RecipeSpec]:
    """Training of both."""
    return [
        RecipeSpec(
            name="srresnet-x4",
            factory="restore_srgan.recipe:SRResNetX4",
            model="srresnet",
            summary="SRResNet x4 without norms, absolute error, Adam, cosine",
            licence="Apache-2.0",
            citation=PAPER,
        ),
        RecipeSpec(
            name="srresnet-x2",
            factory="restore_srgan.recipe:SRResNetX2",
            model="srresnet",
            summary="SRResNet x2 without norms, absolute error, Adam, cosine",
            licence="Apache-2.0",
            citation=PAPER,
        ),
        RecipeSpec(
            name="srgan-x4",
            factory="restore_srgan.adversarial:SRGANX4",
            model="srgan",
            summary="SRGAN x4 from pixel-error weights: features, adversarial loss, Adam, cosine",
            licence="Apache-2.0",
            citation=PAPER,
        ),
        RecipeSpec(
            name="srgan-real-x4",
            factory="restore_srgan.real:SRGANRealX4",
            model="srgan",
            summary="SRGAN x4 for photographs of phones and the web: blur, noise and JPEG at random",
            licence="Apache-2.0",
            citation=f"{PAPER}; Wang et al., Real-ESRGAN, ICCVW 2021, arXiv 2107.10833",
        ),
    ]
