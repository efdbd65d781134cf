"""What all adversarial priors have in common: uniform latents, a generator, and the critic it was trained against."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from restore.contracts import Prior
from restore.errors import InputError

Norm = Literal["batch", "spectral", "none"]
SLOPE = 0.2
"""Of a leaky ReLU below zero."""


class AdversarialPrior(Prior):
    """A generator and its critic; ``z`` is uniform in [-1, 1].

    Args:
        latent: how many numbers a latent has.
        generator: from ``(n, latent)`` to images ``(n, C, H, W)`` in [0, 1].
        discriminator: from images in [0, 1] to logits ``(n,)``.
    """

    domain = "uniform"

    def __init__(self, latent: int, generator: nn.Module, discriminator: nn.Module) -> None:
        super().__init__()
        self.latent_shape = (latent,)
        self.generator = generator
        self.discriminator = discriminator

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Return ``(n, latent)``, uniform in [-1, 1]."""
        return torch.rand(n, *self.latent_shape, generator=generator) * 2 - 1

    def decode(self, z: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in [0, 1]."""
        image: Tensor = self.generator(z)
        return image

    def critic(self, image: Tensor) -> Tensor:
        """Return logits ``(B,)`` of images in [0, 1], higher for likelier ones."""
        logits: Tensor = self.discriminator(image)
        return logits


def precise(values: Tensor) -> Tensor:
    """Return what enters a sigmoid or tanh in float32 at least, so that an image has more than bfloat16's 8 bits."""
    return values if values.dtype == torch.float64 else values.float()


def check_shape(image: Tensor, shape: tuple[int, int, int]) -> None:
    """Raise InputError for images of another size or colour than a critic takes."""
    if image.shape[1:] != shape:
        raise InputError(
            f"a critic of images {shape} cannot judge {tuple(image.shape[1:])}",
            "crop and resize them; in a search whose degradation changes the shape, give its loss as terms",
        )
