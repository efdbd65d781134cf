"""A DCGAN that can also guess the latent of an image, or of what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from restore.errors import InputError, UsageError
from restore_gan.dcgan import DCGAN, Colors, halved, of_unit_gain
from restore_gan.prior import SLOPE, Norm, precise


def dcgan(
    size: int = 64,
    colors: Colors = "rgb",
    latent: int = 100,
    width: int = 128,
    critic_width: int | None = None,
    widest: int = 1024,
    kernel: int = 5,
    critic_norm: Norm = "batch",
    encoder_width: int = 0,
) -> DCGAN:
    """Return a DCGAN, with an encoder where one is asked for: generator and critic are the same in both.

    Args:
        size: side of the images, in pixels.
        colors: of the images, ``rgb`` or ``gray``.
        latent: how many numbers a latent has.
        width: channels of the generator's largest maps; each half as large have twice as many.
        critic_width: likewise of the critic; none: the generator's.
        widest: most channels of any layer of the two.
        kernel: side of their convolutions: 5 as the paper, or 4, which covers all pixels evenly and is cheaper.
        critic_norm: ``batch`` as the paper; ``spectral`` (Miyato et al., ICLR 2018); ``none``.
        encoder_width: channels of the encoder's largest maps; 0: there is no encoder.

    Raises:
        UsageError: a size that cannot be halved, widths below 1, another kernel.
    """
    options: dict[str, Any] = {
        "size": size, "colors": colors, "latent": latent, "width": width, "critic_width": critic_width,
        "widest": widest, "kernel": kernel, "critic_norm": critic_norm,
    }  # fmt: skip
    if encoder_width < 0:
        raise UsageError(
            f"an encoder cannot have {encoder_width} channels", "encoder_width is 1 or more, or 0 for none"
        )
    return PredictiveDCGAN(encoder_width, **options) if encoder_width else DCGAN(**options)


class PredictiveDCGAN(DCGAN):
    """DCGAN with an encoder: a predictor network of latents (iGAN, Zhu et al., ECCV 2016).

    Args:
        encoder_width: channels of the encoder's largest maps, 1 or more.
        options: of DCGAN.
    """

    def __init__(self, encoder_width: int, **options: Any) -> None:
        super().__init__(**options)
        [latent] = self.latent_shape
        self.encoder = Encoder(self.discriminator.shape, encoder_width, latent)

    def encode(self, image: Tensor) -> Tensor:
        """Return latents ``(B, latent)`` within [-1, 1] of images in [0, 1]. Raises InputError for another size."""
        z: Tensor = self.encoder(image)
        return z


class Encoder(nn.Module):
    """Convolutions of stride 2 and leaky ReLUs down to the generator's coarsest maps, a dense layer, tanh.

    It has no norm, so that a latent depends on its own image alone, and brightness is not lost on the way.

    Args:
        shape: of an image, ``(C, H, W)``.
        width: channels of the largest maps; each half as large have twice as many.
        latent: how many numbers a latent has.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, latent: int) -> None:
        super().__init__()
        self.shape = shape
        sides = halved(shape[1])
        widths = [width * 2**depth for depth in range(len(sides))]
        self.layers = nn.Sequential(*_halving([shape[0], *widths]), nn.Flatten())
        self.last = nn.Linear(widths[-1] * sides[-1] ** 2, latent)
        self.apply(of_unit_gain)

    def forward(self, image: Tensor) -> Tensor:
        """Return latents ``(B, latent)``. Raises InputError for images of another size or colour."""
        if image.shape[1:] != self.shape:
            raise InputError(
                f"an encoder of images {self.shape} cannot take {tuple(image.shape[1:])}", "crop and resize them"
            )
        return precise(self.last(self.layers(image * 2 - 1))).tanh()


def _halving(widths: Sequence[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for fine, coarse in pairwise(widths):
        layers += [nn.Conv2d(fine, coarse, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
    return layers
