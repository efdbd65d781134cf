"""A pair of generators as a prior: of the pair, or of either domain."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from restore.contracts import Prior
from restore.errors import UsageError
from restore_cogan.critic import SHAPE, CriticPair
from restore_cogan.generator import GeneratorPair

PAIR = "pair"


class CoGAN(Prior):
    """Two coupled generators of digits and their critics; ``z`` is uniform in [-1, 1].

    Args:
        names: of the two domains.
        show: what ``decode`` gives: ``pair``, the two side by side, or one domain by its name. It is no matter of the
            weights, so any can be shown of all.
        tied: layers that the generators have in common, from the noise on, 0 to 4.
        critic_tied: layers that the critics have in common, to the judgement, 0 to 3.
        width: of the generators, as a share of the paper's channels.
        latent: how many numbers a latent has.
        dropout: share of a critic's features that its judgement does without, in training.
        classes: that the critics tell apart; 0: none.

    Raises:
        UsageError: names that are equal, a domain that is none, numbers that no network has.
    """

    domain = "uniform"
    reads = SHAPE

    def __init__(
        self,
        names: tuple[str, str] = ("first", "second"),
        show: str = PAIR,
        tied: int = 4,
        critic_tied: int = 3,
        width: float = 1.0,
        latent: int = 100,
        dropout: float = 0.0,
        classes: int = 0,
    ) -> None:
        super().__init__()
        if len({*names, PAIR}) != 3:
            raise UsageError(f"two domains cannot be called {' and '.join(names)}", f"name each otherwise, not {PAIR}")
        self.names = names
        self.show = show
        if show != PAIR:
            self.index(show)
        self.latent_shape = (latent,)
        self.generator = GeneratorPair(latent, width, tied)
        self.discriminator = CriticPair(critic_tied, dropout, classes)

    def index(self, name: str) -> int:
        """Return the number of a domain, 0 or 1. Raises UsageError for a name that is none."""
        if name not in self.names:
            raise UsageError(
                f"there is no domain {name!r}", f"there are {' and '.join(self.names)}, and {PAIR} of both"
            )
        return self.names.index(name)

    def showing(self, name: str) -> CoGAN:
        """Return the prior of one domain, or of the pair: the same networks, another ``decode``. Raises UsageError."""
        if name != PAIR:
            self.index(name)
        view = copy.copy(self)
        view.show = name
        return view

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Return ``(n, latent)``, uniform in [-1, 1]."""
        return torch.rand(n, *self.latent_shape, generator=generator) * 2 - 1

    def decode(self, z: Tensor) -> Tensor:
        """Return images in [0, 1]: ``(n, 1, 28, 56)`` of the pair, ``(n, 1, 28, 28)`` of a domain."""
        if self.show == PAIR:
            return torch.cat(self.generator(z), 3)
        return self.generator.one(z, self.index(self.show))

    def decode_pair(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the images of both domains, ``(n, 1, 28, 28)`` in [0, 1] each."""
        first, second = self.generator(z)
        return first, second

    def critic(self, image: Tensor) -> Tensor:
        """Return logits ``(B,)`` of images as ``decode`` gives them; a pair's is the mean of two. Raises InputError."""
        if self.show == PAIR:
            first, second = self.discriminator(*image.tensor_split(2, 3))
            return (first + second) / 2
        domain = self.index(self.show)
        return self.discriminator.judge(self.discriminator.features_of(image, domain), domain)

    def classify(self, image: Tensor) -> Tensor:
        """Return logits ``(B, classes)`` of images of the domain that is shown; of the second, where it is the pair.

        Raises:
            UsageError: the prior has no classes.
            InputError: images of another shape.
        """
        domain = 1 if self.show == PAIR else self.index(self.show)
        return self.discriminator.classify(self.discriminator.features_of(image, domain))
