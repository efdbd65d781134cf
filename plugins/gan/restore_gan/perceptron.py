"""The generative adversarial network of 2014: multilayer perceptrons.

Goodfellow et al., "Generative Adversarial Nets", NIPS 2014 (arXiv 1406.2661): a generator of rectifiers that ends in
a sigmoid, a discriminator of maxout units (Goodfellow et al., ICML 2013) with dropout. Sizes are those of its authors'
code for MNIST.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from restore.errors import UsageError
from restore_gan.prior import AdversarialPrior, check_shape, precise

Colors = Literal["rgb", "gray"]


class PerceptronGAN(AdversarialPrior):
    """Generator and critic of multilayer perceptrons; with the defaults those of the paper's MNIST.

    Args:
        size: side of the images, in pixels.
        colors: of the images, ``gray`` or ``rgb``.
        latent: how many numbers a latent has.
        width: units of each of the generator's two hidden layers.
        critic_width: units of each of the critic's.
        pieces: linear pieces of a maxout unit.

    Raises:
        UsageError: a number below 1.
    """

    def __init__(
        self,
        size: int = 28,
        colors: Colors = "gray",
        latent: int = 100,
        width: int = 1200,
        critic_width: int = 240,
        pieces: int = 5,
    ) -> None:
        if min(size, latent, width, critic_width, pieces) < 1:
            raise UsageError("size, latent, widths and pieces of a perceptron are at least 1")
        shape = (1 if colors == "gray" else 3, size, size)
        super().__init__(latent, Generator(latent, width, shape), Discriminator(shape, critic_width, pieces))


class Generator(nn.Module):
    """Two hidden layers of rectifiers, then a sigmoid.

    Args:
        latent: how many numbers a latent has.
        width: units of a hidden layer.
        shape: of an image, ``(C, H, W)``.
    """

    def __init__(self, latent: int, width: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape
        pixels = shape[0] * shape[1] * shape[2]
        self.layers = nn.Sequential(
            nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, pixels)
        )

    def forward(self, z: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in [0, 1]."""
        return precise(self.layers(z)).sigmoid().view(-1, *self.shape)


class Discriminator(nn.Module):
    """Two hidden layers of maxout units and a logit, with dropout before each.

    Args:
        shape: of an image, ``(C, H, W)``.
        width: units of a hidden layer.
        pieces: linear pieces of a unit.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, pieces: int) -> None:
        super().__init__()
        self.shape = shape
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(shape[0] * shape[1] * shape[2], width * pieces), Maxout(pieces),
            nn.Dropout(0.5), nn.Linear(width, width * pieces), Maxout(pieces), nn.Dropout(0.5), nn.Linear(width, 1),
            nn.Flatten(0),
        )  # fmt: skip

    def forward(self, image: Tensor) -> Tensor:
        """Return logits ``(B,)`` of images ``(B, C, H, W)`` in [0, 1]. Raises InputError for another size."""
        check_shape(image, self.shape)
        logits: Tensor = self.layers(image)
        return logits


class Maxout(nn.Module):
    """The largest of each ``pieces`` neighbouring values.

    Args:
        pieces: how many.
    """

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, values: Tensor) -> Tensor:
        """``(B, n * pieces)`` to ``(B, n)``."""
        return values.view(len(values), -1, self.pieces).amax(-1)
