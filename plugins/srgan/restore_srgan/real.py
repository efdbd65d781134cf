"""Adversarial training of SRGAN for photographs as they are: blurred, noisy, compressed."""

from __future__ import annotations

from restore.training.gan import Kind
from restore.training.patches import Sampling
from restore_srgan.adversarial import SRGANX4

DEGRADATION = "photo:scale=4"
CONTENT = "2*l1 + 4*checkerboard + 0.03*perceptual:net=vgg19,layers=relu2_2+relu3_4,weights=1+0.15,distance=l1"
"""That of ``srgan-x4`` with twice the weight on pixels instead of ``consistency``.

Degraded again at random, a result says nothing of what was seen; the pixels alone have to keep colours where they are.
"""


class SRGANRealX4(SRGANX4):
    """Training of ``srgan-x4`` on a random pipeline of blur, resizing, noise and JPEG.

    Weights that never saw noise sharpen it. Start from some that were trained on pixel error under the same
    degradation, ``srresnet-x4 --set degradation=photo:scale=4``: what is left to learn is texture.

    Args:
        steps: optimisation steps of each network.
        batch_size: patches a step.
        patch: side of a high-resolution patch, in pixels: 32 of low resolution, or two of JPEG's blocks of colour.
        init: weights to start from: ``model.tag``, or a safetensors file that a recipe wrote.
        content: a weighted sum of losses, all but the adversarial one.
        adversarial: kind of adversarial loss: ``vanilla`` as the paper, ``lsgan``, ``hinge``, ``relativistic``.
        adversarial_weight: of that term.
        learning_rate: of the generator's Adam, at the start; it falls to 0 along a cosine.
        critic_rate: of the discriminator's.
        ema: decay of the moving average of the generator's weights.
        measure_every: steps between measurements of the terms' gradients; 0: never.
        degradation: what makes the low-resolution image, drawn anew for each patch.
        sampling: area, so that every patch is as likely as any other, or image, so that every image is.
        data_terms: terms of the training images, for the card.
        seed: of the discriminator's initial weights and of the patches.
    """

    name = "srgan-real-x4"
    protocol = "sr-x4-real"
    measured = ("psnr", "ssim", "lpips")

    def __init__(
        self,
        steps: int = 4000,
        batch_size: int = 6,
        patch: int = 128,
        init: str = "srresnet.psnr-x4",
        content: str = CONTENT,
        adversarial: Kind = "relativistic",
        adversarial_weight: float = 0.03,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        ema: float = 0.999,
        measure_every: int = 50,
        degradation: str = DEGRADATION,
        sampling: Sampling = "area",
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(
            steps=steps, batch_size=batch_size, patch=patch, init=init, content=content, adversarial=adversarial,
            adversarial_weight=adversarial_weight, learning_rate=learning_rate, critic_rate=critic_rate, ema=ema,
            measure_every=measure_every, degradation=degradation, sampling=sampling, data_terms=data_terms, seed=seed,
        )  # fmt: skip
