"""Priors whose best latents are known, and a small convolutional one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from restore.contracts import Prior


class Linear(Prior):
    """``image = 0.5 + W z``: what is best in the least squares is a matter of linear algebra."""

    def __init__(self, size: tuple[int, int, int] = (3, 8, 8), width: int = 6, gain: float = 0.03) -> None:
        super().__init__()
        self.latent_shape, self.size = (width,), size
        drawn = torch.randn(torch.Size(size).numel(), width, generator=torch.Generator().manual_seed(0))
        self.register_buffer("weight", gain * drawn)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, *self.latent_shape, generator=generator)

    def decode(self, z: Tensor) -> Tensor:
        return 0.5 + (z @ self.weight.T).view(-1, *self.size)

    def encode(self, image: Tensor) -> Tensor:
        return torch.linalg.lstsq(self.weight, (image - 0.5).flatten(1).T).solution.T

    def critic(self, image: Tensor) -> Tensor:
        return image.flatten(1).mean(1)


class Convolutional(Prior):
    """Two transposed convolutions with batch normalisation, uniform latents, stages and a critic that views."""

    domain = "uniform"
    stages = 2

    def __init__(self, width: int = 16, channels: int = 3) -> None:
        super().__init__()
        self.latent_shape, self.width = (10,), width
        self.first = nn.Linear(10, width * 16)
        self.norm = nn.BatchNorm2d(width)
        self.middle = nn.Sequential(nn.ConvTranspose2d(width, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.last = nn.ConvTranspose2d(8, channels, 4, 2, 1)
        self.judge = nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.LeakyReLU(0.2))
        self.verdict = nn.Linear(8 * 64, 1)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.rand(n, *self.latent_shape, generator=generator) * 2 - 1

    def decode_to(self, stage: int, z: Tensor) -> Tensor:
        features = self.norm(self.first(z).view(-1, self.width, 4, 4)).relu()
        return features if stage == 1 else self.middle(features)

    def decode_from(self, stage: int, features: Tensor) -> Tensor:
        return self.last(self.middle(features) if stage == 1 else features).sigmoid()

    def decode(self, z: Tensor) -> Tensor:
        return self.decode_from(1, self.decode_to(1, z))

    def critic(self, image: Tensor) -> Tensor:
        return self.verdict(self.judge(image).view(len(image), -1))[:, 0]

    def eval_decode(self, z: Tensor) -> Tensor:
        """Decode as a search does, and go on training."""
        with torch.no_grad():
            image = self.eval().decode(z)
        self.train()
        return image

    def drawn(self, count: int, seed: int = 3) -> tuple[Tensor, Tensor]:
        """Return images of its own and their latents."""
        z = self.sample(count, torch.Generator().manual_seed(seed))
        return self.eval_decode(z), z


def convolutional(seed: int = 0, **options: Any) -> Convolutional:
    """Return a random one whose statistics of normalisation are those of its samples, in training mode."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        prior = Convolutional(**options)
        for module in prior.modules():
            if isinstance(module, nn.ConvTranspose2d | nn.Linear):
                module.weight.data.mul_(3)
        with torch.no_grad():
            for _ in range(50):
                prior.decode(prior.sample(64, torch.Generator().manual_seed(seed)))
    return prior.train()


@pytest.fixture
def linear() -> Callable[..., Linear]:
    return Linear


@pytest.fixture(scope="session")
def conv() -> Convolutional:
    return convolutional()
