"""Registration of coupled priors, of the model that translates by them, and of their training recipes."""

from __future__ import annotations

from restore.plugin import ModelSpec, PriorSpec, RecipeSpec, WeightsSpec, hookimpl

COGAN = "Liu and Tuzel, Coupled Generative Adversarial Networks, NIPS 2016, arXiv 1606.07536"
READER = {"tied": 4, "critic_tied": 3, "width": 0.25, "latent": 100, "dropout": 0.0, "classes": 10}
"""What the weights of `cogan-digits` have in common."""


@hookimpl
def restore_models() -> list[ModelSpec]:
    """What a pair does with an image of one domain; size and channels are the prior's."""
    return [
        ModelSpec(
            name="cogan",
            factory="restore_cogan.translation:Translation",
            task="translation",
            summary="The image of another domain that belongs to an image, by a pair learnt without pairs",
            channels=(1,),
            size_cure="resize it first, as the prior's images are",
            stochastic=True,
            licence="Apache-2.0",
            citation=COGAN,
        ),
        ModelSpec(
            name="cogan-restorer",
            factory="restore_cogan.restorer:ResidualRestorer",
            task="restoration",
            summary="Small residual network for gray images, trained on generated pairs",
            channels=(1,),
            tiling="exact",
            licence="Apache-2.0",
        ),
    ]


@hookimpl
def restore_priors() -> list[PriorSpec]:
    """Pairs of digits, and of what was adapted to."""
    return [
        PriorSpec(
            name="cogan",
            factory="restore_cogan.prior:CoGAN",
            summary="Two domains of gray images, 28 x 28 each, and a reader of both",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        PriorSpec(
            name="cogan-mnist-edge",
            factory="restore_cogan.prior:CoGAN",
            summary="Digits and their edges, 28 x 28 each, or the pair of them",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        PriorSpec(
            name="cogan-mnist-negative",
            factory="restore_cogan.prior:CoGAN",
            summary="Digits and their negatives, 28 x 28 each, or the pair of them",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        PriorSpec(
            name="cogan-mnist-degraded",
            factory="restore_cogan.prior:CoGAN",
            summary="Digits and what a degradation left of digits, 28 x 28 each, or the pair of them",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        PriorSpec(
            name="cogan-digits",
            factory="restore_cogan.prior:CoGAN",
            summary="Digits of MNIST and of USPS, 28 x 28 each, and a reader of both",
            weights=(
                WeightsSpec(
                    tag="mnist-usps",
                    file="restore_cogan:weights/cogan-digits-mnist-usps.safetensors",
                    sha256="7ea6342a422bfc59a21a324834692b31471d8578cff669f45093352af501ab0a",
                    options={**READER, "names": ("mnist", "usps")},
                    summary="Labels of MNIST, reads USPS; 3,000 steps",
                    licence="Apache-2.0",
                    card="restore_cogan:weights/cogan-digits-mnist-usps.md",
                ),
                WeightsSpec(
                    tag="usps-mnist",
                    file="restore_cogan:weights/cogan-digits-usps-mnist.safetensors",
                    sha256="1780cf798a93cdeef53b3a88518f72b3cf6cee921c368bfcb3e7ea6320b8dce5",
                    options={**READER, "names": ("usps", "mnist")},
                    summary="Labels of USPS, reads MNIST; 3,000 steps",
                    licence="Apache-2.0",
                    card="restore_cogan:weights/cogan-digits-usps-mnist.md",
                ),
            ),
            licence="Apache-2.0",
            citation=COGAN,
        ),
    ]


@hookimpl
def restore_recipes() -> list[RecipeSpec]:
    """Training of each."""
    return [
        RecipeSpec(
            name="cogan",
            factory="restore_cogan.labelled:CoGANLabels",
            model="cogan",
            summary="CoGAN on images with labels and others without, of your own: unsupervised domain adaptation",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        RecipeSpec(
            name="cogan-mnist-edge",
            factory="restore_cogan.recipe:CoGANEdge",
            model="cogan-mnist-edge",
            summary="CoGAN on MNIST: one half as it is, edges of the other half, no pairs",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        RecipeSpec(
            name="cogan-mnist-negative",
            factory="restore_cogan.recipe:CoGANNegative",
            model="cogan-mnist-negative",
            summary="CoGAN on MNIST: one half as it is, negatives of the other half, no pairs",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        RecipeSpec(
            name="cogan-mnist-degraded",
            factory="restore_cogan.recipe:CoGANDegraded",
            model="cogan-mnist-degraded",
            summary="CoGAN on MNIST: one half as it is, the other degraded, no pairs: unpaired restoration",
            licence="Apache-2.0",
            citation=COGAN,
        ),
        RecipeSpec(
            name="cogan-mnist-restorer",
            factory="restore_cogan.generated:CoGANRestorer",
            model="cogan-restorer",
            summary="A restorer in one pass, from pairs that a CoGAN generates, with no real pair",
            licence="Apache-2.0",
        ),
        RecipeSpec(
            name="cogan-digits",
            factory="restore_cogan.adaptation:CoGANDigits",
            model="cogan-digits",
            summary="CoGAN on MNIST and USPS, of which one has labels: unsupervised domain adaptation",
            licence="Apache-2.0",
            citation=COGAN,
        ),
    ]
