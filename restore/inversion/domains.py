"""Where latents may lie, and the free numbers that a search moves to get there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

from torch import Tensor

EDGE = 0.999
"""Latents of ``tanh`` start no nearer to 1 than this, where its slope is all but gone."""


class Domain(ABC):
    """Between latents ``z`` and the numbers ``u`` that a search moves; each is ``(n, ...)``."""

    limit: float | None = None
    """Largest size of a number; None: there is none."""

    @abstractmethod
    def enter(self, z: Tensor) -> Tensor:
        """Return the numbers of latents, moved into the domain where they lie outside."""

    def latent(self, u: Tensor) -> Tensor:
        """Return the latents, differentiable."""
        return u

    def project(self, u: Tensor) -> Tensor:
        """Return the nearest numbers that are allowed."""
        return u if self.limit is None else u.clamp(-self.limit, self.limit)


class Normal(Domain):
    """Anywhere."""

    def enter(self, z: Tensor) -> Tensor:
        """Return the latents."""
        return z


class Uniform(Domain):
    """Within [-1, 1], where what leaves is clipped to: the projected gradient of the semantic-inpainting authors."""

    limit = 1.0

    def enter(self, z: Tensor) -> Tensor:
        """Return the latents, clipped."""
        return self.project(z)


class Tanh(Domain):
    """Within (-1, 1), ``z = tanh(u)`` with free ``u``: iGAN's."""

    def enter(self, z: Tensor) -> Tensor:
        """Return ``atanh(z)``, for latents that are clipped to 0.999."""
        return z.clamp(-EDGE, EDGE).atanh()

    def latent(self, u: Tensor) -> Tensor:
        """Return ``tanh(u)``."""
        return u.tanh()


DOMAINS: Mapping[Literal["normal", "uniform", "tanh"], Domain] = {
    "normal": Normal(), "uniform": Uniform(), "tanh": Tanh(),
}  # fmt: skip
