"""DCGAN: strided convolutions all the way.

Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", ICLR 2016 (arXiv 1511.06434); what the paper leaves open is as in its authors' code.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from restore.errors import UsageError
from restore_gan.prior import SLOPE, AdversarialPrior, Norm, check_shape, precise

Colors = Literal["rgb", "gray"]
SPREAD = 0.02
"""Standard deviation of the paper's initial weights."""


class DCGAN(AdversarialPrior):
    """Generator and critic of DCGAN; with the defaults those of the paper's faces.

    The sides of the feature maps are halved from the image's on, as long as at least 4 pixels are left and the side is
    even: 64 pixels have four convolutions down to 4 x 4, MNIST's 28 two down to 7 x 7.

    Args:
        size: side of the images, in pixels.
        colors: of the images, ``rgb`` or ``gray``.
        latent: how many numbers a latent has.
        width: channels of the generator's largest maps; each half as large have twice as many.
        critic_width: likewise of the critic; none: the generator's.
        widest: most channels of any layer.
        kernel: side of the convolutions: 5 as the paper, or 4, which covers all pixels evenly and is cheaper.
        critic_norm: ``batch`` as the paper; ``spectral`` (Miyato et al., ICLR 2018); ``none``.

    Raises:
        UsageError: a size that cannot be halved, widths below 1, another kernel.
    """

    generator: Generator
    discriminator: Discriminator

    def __init__(
        self,
        size: int = 64,
        colors: Colors = "rgb",
        latent: int = 100,
        width: int = 128,
        critic_width: int | None = None,
        widest: int = 1024,
        kernel: int = 5,
        critic_norm: Norm = "batch",
    ) -> None:
        sides = halved(size)
        if kernel not in (4, 5):
            raise UsageError(f"dcgan has no convolutions of side {kernel}", "kernel is 5, as in the paper, or 4")
        thinnest = min(latent, width, widest, width if critic_width is None else critic_width)
        if thinnest < 1:
            raise UsageError(f"a network cannot have {thinnest} channels", "latent, widths and widest are at least 1")
        channels = 3 if colors == "rgb" else 1
        generated, judged = (
            [min(w * 2**depth, widest) for depth in range(len(sides))]
            for w in (width, width if critic_width is None else critic_width)
        )
        generator = Generator(latent, [*reversed(generated)], channels, sides[-1], kernel)
        discriminator = Discriminator(size, channels, judged, sides[-1], kernel, critic_norm)
        super().__init__(latent, generator, discriminator)
        self.stages = len(sides)

    def decode_to(self, stage: int, z: Tensor) -> Tensor:
        """Return the features ``(n, C, h, w)`` after ``stage`` layers, 1 or more."""
        return self.generator.enter(z, stage)

    def decode_from(self, stage: int, features: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in [0, 1]."""
        return self.generator.leave(features, stage)

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the critic's maps, from fine to coarse."""
        return self.discriminator.maps(image)


class Generator(nn.Module):
    """A dense layer to the coarsest maps, then transposed convolutions; batch norm and ReLU after all but the last.

    Args:
        latent: how many numbers a latent has.
        widths: channels of the maps, from coarse to fine.
        channels: of the images.
        side: of the coarsest maps, in pixels.
        kernel: side of the convolutions, 4 or 5.
    """

    def __init__(self, latent: int, widths: Sequence[int], channels: int, side: int, kernel: int) -> None:
        super().__init__()
        first = nn.Sequential(
            nn.Linear(latent, widths[0] * side**2, bias=False), nn.Unflatten(1, (widths[0], side, side)),
            nn.BatchNorm2d(widths[0]), nn.ReLU(),
        )  # fmt: skip
        grown = [
            nn.Sequential(_doubling(coarse, fine, kernel, bias=False), nn.BatchNorm2d(fine), nn.ReLU())
            for coarse, fine in pairwise(widths)
        ]
        self.layers = nn.ModuleList([first, *grown])
        self.last = _doubling(widths[-1], channels, kernel, bias=True)
        self.apply(as_the_paper)

    def forward(self, z: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in [0, 1]."""
        return self.leave(self.enter(z, 1), 1)

    def enter(self, z: Tensor, stage: int) -> Tensor:
        """Return the features after ``stage`` layers."""
        for layer in self.layers[:stage]:
            z = layer(z)
        return z

    def leave(self, features: Tensor, stage: int) -> Tensor:
        """Return the images that features after ``stage`` layers become."""
        for layer in self.layers[stage:]:
            features = layer(features)
        return (precise(self.last(features)).tanh() + 1) / 2


class Discriminator(nn.Module):
    """Convolutions of stride 2 and leaky ReLUs, then a dense layer to a logit; no norm after the first.

    Args:
        size: side of the images, in pixels.
        channels: of the images.
        widths: channels of the maps, from fine to coarse.
        side: of the coarsest maps, in pixels.
        kernel: side of the convolutions, 4 or 5.
        norm: ``batch`` as the paper, ``spectral`` or ``none``.
    """

    def __init__(self, size: int, channels: int, widths: Sequence[int], side: int, kernel: int, norm: Norm) -> None:
        super().__init__()
        self.shape = (channels, size, size)
        self.layers = nn.ModuleList()
        for number, (fine, coarse) in enumerate(pairwise([channels, *widths])):
            normed = norm == "batch" and number > 0
            convolution = nn.Conv2d(fine, coarse, kernel, 2, (kernel - 1) // 2, bias=not normed)
            norms = [nn.BatchNorm2d(coarse)] if normed else []
            self.layers.append(nn.Sequential(convolution, *norms, nn.LeakyReLU(SLOPE)))
        self.last = nn.Linear(widths[-1] * side**2, 1)
        self.apply(as_the_paper if norm == "batch" else of_unit_gain)
        if norm == "spectral":
            for layer in [*self.modules()]:
                if isinstance(layer, nn.Conv2d | nn.Linear):
                    spectral_norm(layer)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits ``(B,)`` of images ``(B, C, H, W)`` in [0, 1]. Raises InputError for another size."""
        logits: Tensor = self.last(self.maps(image)[-1].flatten(1))
        return logits.flatten()

    def maps(self, image: Tensor) -> list[Tensor]:
        """Return what each convolution makes of images, ``(B, C, H, W)`` from fine to coarse. Raises InputError."""
        check_shape(image, self.shape)
        maps = []
        features = image * 2 - 1
        for layer in self.layers:
            features = layer(features)
            maps.append(features)
        return maps


def halved(size: int) -> list[int]:
    """Return the sides of the feature maps, from fine to coarse. Raises UsageError where the first is none."""
    sides = []
    while size % 2 == 0 and size >= 8:
        size //= 2
        sides.append(size)
    if not sides:
        raise UsageError(f"dcgan cannot halve {size} pixels", "use a size such as 28, 32, 64 or 128")
    return sides


def as_the_paper(module: nn.Module) -> None:
    """Start as the authors: weights from N(0, 0.02), gains of norms from N(1, 0.02)."""
    if isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, SPREAD)
    elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, SPREAD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def of_unit_gain(module: nn.Module) -> None:
    """Start so that signals keep their size where no norm restores it (He et al., ICCV 2015)."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _doubling(coarse: int, fine: int, kernel: int, *, bias: bool) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(
        coarse, fine, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=kernel - 4, bias=bias
    )
