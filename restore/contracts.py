"""The torch-side interfaces: what the core passes around and what a plugin's factory returns.

One convention holds inside: RGB or gray, float, in ``[0, 1]``, shaped ``(B, C, H, W)``; masks are
``(B, 1, H, W)`` with 1 = missing, to be filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from restore.benchmark.protocol import Protocol as MetricProtocol

Params = Mapping[str, Any]
"""What a degradation drew: plain numbers, strings and lists. A value that differs from sample to sample
is a list of one entry a sample of the batch, any other value holds for all; JSON can carry it."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a model may see.

    Args:
        image: ``(B, C, H, W)`` float in ``[0, 1]``.
        mask: ``(B, 1, H, W)``, 1 = missing, or None when no pixel is.
        degradation: ``A``, when it is known (inversion needs it).
        params: what ``A`` drew (scale, sigma, kernel ...), per sample and replayable.
    """

    image: Tensor
    mask: Tensor | None = None
    degradation: Degradation | None = None
    params: Params = field(default_factory=dict)


class Degradation(nn.Module):
    """``A`` of ``y = A(x)``: random choices are drawn and recorded first, then applied by a pure function."""

    scale: int = 1
    """Input side over output side: 4 for a x4 downscaling."""

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw the random choices for a batch.

        Drawing consumes ``generator`` (a CPU generator) sample by sample, so that a batch draws what its
        samples would have drawn one after the other.
        """
        raise NotImplementedError

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``A(image)``, ``(B, C, H', W')`` in ``[0, 1]``; the same params give the same bits."""
        raise NotImplementedError

    def mask(self, image: Tensor, params: Params) -> Tensor | None:
        """Return the ``(B, 1, H, W)`` mask of the pixels it takes away (1 = missing), or None."""
        return None

    def observe(self, image: Tensor, generator: torch.Generator) -> Observation:
        """Draw, apply, and return everything that a model may know about it."""
        params = self.draw(image, generator)
        return Observation(image=self(image, params), mask=self.mask(image, params), degradation=self, params=params)


class Model(nn.Module):
    """A restoration method. Stateless between calls, so that threads may share it."""

    scale: int | None = None
    """Output side over input side, where it depends on an option; else the ModelSpec's holds."""
    receptive_field: int | None = None
    """Side in input pixels, where it depends on an option; else the ModelSpec's holds."""
    trained: bool = False
    """Whether it brings its numbers itself. A network that does not is refused without weights."""

    def __call__(self, observation: Observation | Tensor) -> Tensor:
        """Take an observation, or as a part of a torch pipeline its image alone."""
        if isinstance(observation, Tensor):
            observation = Observation(image=observation)
        restored: Tensor = super().__call__(observation)
        return restored

    def forward(self, observation: Observation) -> Tensor:
        """Return the restored image, ``(B, C', H', W')`` in ``[0, 1]`` (the runtime clamps)."""
        raise NotImplementedError


class Prior(nn.Module):
    """A generative model: ``decode`` maps a latent to an image."""

    latent_shape: tuple[int, ...]

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Return ``n`` latents, ``(n, *latent_shape)``."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in ``[0, 1]``."""
        raise NotImplementedError


@runtime_checkable
class Encodes(Protocol):
    """A prior that can guess the latent of an image."""

    def encode(self, image: Tensor) -> Tensor:
        """Return latents ``(B, *latent_shape)``."""
        ...


@runtime_checkable
class Criticises(Protocol):
    """A prior that can judge how likely an image is."""

    def critic(self, image: Tensor) -> Tensor:
        """Return logits ``(B,)``, higher for likelier images."""
        ...


@runtime_checkable
class HasFeatures(Protocol):
    """A prior that can compare images by features."""

    def features(self, image: Tensor) -> list[Tensor]:
        """Return feature maps, from fine to coarse."""
        ...


class Loss(nn.Module):
    """A term of an objective, one value per sample."""

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``, differentiable in ``prediction``."""
        raise NotImplementedError


class Metric(Protocol):
    """A score of a prediction against a target."""

    higher_is_better: ClassVar[bool]

    def __call__(self, prediction: Tensor, target: Tensor, protocol: MetricProtocol) -> Tensor:
        """Return ``(B,)`` float64."""
        ...
