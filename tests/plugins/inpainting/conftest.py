"""A stranger's prior, installed for the test: smooth colour textures, 32 x 32, and smooth gray ones, 16 x 16."""

from __future__ import annotations

import pytest

PLUGIN = """
from restore.plugin import PriorSpec, hookimpl

@hookimpl
def restore_priors():
    return [
        PriorSpec(name="waves", factory="restore_waves.prior:Waves", licence="MIT"),
        PriorSpec(name="gray-waves", factory="restore_waves.prior:GrayWaves", licence="MIT"),
        PriorSpec(name="judged-waves", factory="restore_waves.prior:JudgedWaves", licence="MIT"),
    ]
"""
PRIOR = '''
import math

import torch

from restore.contracts import Prior


class Waves(Prior):
    """Sums of a few cosines; colour follows brightness, so that it can be told from gray."""

    def __init__(self, size: int = 32, waves: int = 4, channels: int = 3) -> None:
        super().__init__()
        self.latent_shape = (waves * waves,)
        place = (torch.arange(size) + 0.5) / size
        cosines = torch.cos(math.pi * torch.arange(waves)[:, None] * place)
        basis = torch.einsum("ay,bx->abyx", cosines, cosines).reshape(waves * waves, -1)
        self.register_buffer("basis", basis / (1 + torch.arange(waves * waves))[:, None] ** 0.5, persistent=False)
        self.size, self.channels = size, channels

    def sample(self, n, generator):
        return torch.randn(n, *self.latent_shape, generator=generator)

    def decode(self, z):
        gray = (z @ self.basis).view(-1, 1, self.size, self.size)
        return torch.cat([gray, 2 * gray + 1, -gray][: self.channels], 1).sigmoid()


class GrayWaves(Waves):
    def __init__(self, size: int = 16, waves: int = 3) -> None:
        super().__init__(size, waves, 1)


class JudgedWaves(Waves):
    """With an encoder, and a critic that likes what is bright."""

    def encode(self, image):
        gray = image[:, 0].clamp(0.01, 0.99).logit().flatten(1)
        return torch.linalg.lstsq(self.basis.T, gray.T).solution.T

    def critic(self, image):
        return 20 * (image.flatten(1).mean(1) - 0.5)
'''


@pytest.fixture
def waves(site):
    """Install the priors and return an image of one, ``(1, 3, 32, 32)`` in [0, 1]."""
    import torch

    from restore import load_prior

    site.install("restore-waves", PLUGIN, files={"prior.py": PRIOR})
    prior = load_prior("waves")
    with torch.no_grad():
        return prior.decode(prior.sample(1, torch.Generator().manual_seed(11)))
