"""Registration of adversarial priors and their training recipes."""

from __future__ import annotations

from restore.plugin import PriorSpec, RecipeSpec, WeightsSpec, hookimpl

GAN = "Goodfellow et al., Generative Adversarial Nets, NIPS 2014, arXiv 1406.2661"
DCGAN = (
    "Radford, Metz and Chintala, Unsupervised Representation Learning with Deep Convolutional Generative "
    "Adversarial Networks, ICLR 2016, arXiv 1511.06434"
)
IGAN = "Zhu et al., Generative Visual Manipulation on the Natural Image Manifold, ECCV 2016, arXiv 1609.03552"

PERCEPTRONS = {"size": 28, "colors": "gray", "latent": 100, "width": 1200, "critic_width": 240, "pieces": 5}
CONVOLUTIONS = {
    "size": 28, "colors": "gray", "latent": 100, "width": 64, "critic_width": 64, "widest": 1024, "kernel": 5,
    "critic_norm": "none", "encoder_width": 28,
}  # fmt: skip
FACES = {
    "size": 64, "colors": "rgb", "latent": 100, "width": 64, "critic_width": 48, "widest": 320, "kernel": 4,
    "critic_norm": "none", "encoder_width": 28,
}  # fmt: skip
"""Options of the networks that our weights fill."""


@hookimpl
def restore_priors() -> list[PriorSpec]:
    """Digits and faces."""
    return [
        PriorSpec(
            name="gan-mnist",
            factory="restore_gan.perceptron:PerceptronGAN",
            summary="Digits, 28 x 28: the perceptrons of the first GAN",
            weights=(
                WeightsSpec(
                    tag="mnist",
                    file="restore_gan:weights/gan-mnist.safetensors",
                    sha256="1cb5811723b73db003edc4418bbd2df339080db9b77b3059681bd67b2c4f2dee",
                    options=PERCEPTRONS,
                    summary="MNIST, 10,000 steps",
                    licence="Apache-2.0",
                    card="restore_gan:weights/gan-mnist.md",
                ),
            ),
            licence="Apache-2.0",
            citation=GAN,
        ),
        PriorSpec(
            name="dcgan-mnist",
            factory="restore_gan.encoder:dcgan",
            summary="Digits, 28 x 28: DCGAN with an encoder",
            weights=(
                WeightsSpec(
                    tag="mnist",
                    file="restore_gan:weights/dcgan-mnist.safetensors",
                    sha256="b497dc912d220726443b24cb653e6fe9f315542f4d45c681a430d43e06427041",
                    options=CONVOLUTIONS,
                    summary="MNIST, 4,000 steps, and 3,000 of the encoder",
                    licence="Apache-2.0",
                    card="restore_gan:weights/dcgan-mnist.md",
                ),
            ),
            licence="Apache-2.0",
            citation=DCGAN,
        ),
        PriorSpec(
            name="dcgan-faces",
            factory="restore_gan.encoder:dcgan",
            summary="Faces, 64 x 64: DCGAN with an encoder",
            weights=(
                WeightsSpec(
                    tag="celeba",
                    file="restore_gan:weights/dcgan-faces.safetensors",
                    sha256="397ccc0d2f00a56009f54bec9667e6e6980965933c46afb58998311020356f47",
                    options=FACES,
                    summary="9,000 faces of CelebA, 7,000 steps, and 4,000 of the encoder",
                    licence="Apache-2.0",
                    card="restore_gan:weights/dcgan-faces.md",
                ),
            ),
            licence="Apache-2.0",
            citation=DCGAN,
        ),
    ]


@hookimpl
def restore_recipes() -> list[RecipeSpec]:
    """Training of each."""
    return [
        RecipeSpec(
            name="gan-mnist",
            factory="restore_gan.recipe:GANMnist",
            model="gan-mnist",
            summary="Perceptrons of 2014 on MNIST, R1, Adam, averaged weights",
            licence="Apache-2.0",
            citation=GAN,
        ),
        RecipeSpec(
            name="dcgan-mnist",
            factory="restore_gan.recipe:DCGANMnist",
            model="dcgan-mnist",
            summary="DCGAN on MNIST, R1, Adam, averaged weights",
            licence="Apache-2.0",
            citation=DCGAN,
        ),
        RecipeSpec(
            name="dcgan-faces",
            factory="restore_gan.recipe:DCGANFaces",
            model="dcgan-faces",
            summary="DCGAN on faces or any images: differentiable augmentation, R1, Adam, averaged weights",
            licence="Apache-2.0",
            citation=DCGAN,
        ),
        RecipeSpec(
            name="dcgan-mnist-encoder",
            factory="restore_gan.prediction:EncoderDigits",
            model="dcgan-mnist",
            summary="An encoder for dcgan-mnist, which stays as it is: latents of digits of which something is lost",
            licence="Apache-2.0",
            citation=IGAN,
        ),
        RecipeSpec(
            name="dcgan-faces-encoder",
            factory="restore_gan.prediction:EncoderFaces",
            model="dcgan-faces",
            summary="An encoder for dcgan-faces, which stays as it is: latents of images of which something is lost",
            licence="Apache-2.0",
            citation=IGAN,
        ),
        RecipeSpec(
            name="digits",
            factory="restore_gan.digits:Digits",
            summary="A reader of MNIST's digits, cross-entropy, Adam, cosine",
            licence="Apache-2.0",
        ),
    ]
