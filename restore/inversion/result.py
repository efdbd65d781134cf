"""What a search found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Inversion:
    """The best image for each observation, and everything else that was found on the way.

    ``B`` images were observed and ``R`` searches started for each. Scores are computed in full precision, whatever
    the search used; lower is better.
    """

    images: Tensor
    """All candidates, ``(B, R, C, H, W)``."""
    latents: Tensor
    """Theirs, ``(B, R, *latent_shape)``. A refined image is more than what its latent decodes to."""
    scores: Tensor
    """The objective of each, ``(B, R)``."""
    terms: Mapping[str, Tensor]
    """Its weighted parts by name, ``fit`` among them, ``(B, R)`` each."""
    best: Tensor
    """Number of the restart with the lowest score, ``(B,)``."""
    trace: Tensor
    """The objective at each step, ``(steps, B, R)``, in the precision of the search; NaN after a search was done."""
    refined: Tensor | None = None
    """The same of the refinement of the best, ``(refine_steps, B)``; None without one."""

    @property
    def image(self) -> Tensor:
        """The best of each, ``(B, C, H, W)`` in [0, 1]."""
        return self._chosen(self.images)

    @property
    def latent(self) -> Tensor:
        """Its latent, ``(B, *latent_shape)``."""
        return self._chosen(self.latents)

    @property
    def score(self) -> Tensor:
        """Its score, ``(B,)``."""
        return self._chosen(self.scores)

    @property
    def steps(self) -> Tensor:
        """How many steps each search took, ``(B, R)``."""
        return self.trace.isfinite().sum(0)

    def improved(self, image: Tensor, terms: Mapping[str, Tensor], trace: Tensor) -> Inversion:
        """Return this with other images in the place of the best, where these have a lower score.

        Args:
            image: ``(B, C, H, W)``.
            terms: of their scores, ``(B,)`` each.
            trace: ``(steps, B)``.
        """
        score = torch.stack(tuple(terms.values())).sum(0)
        better = score < self.score

        def put(every: Tensor, new: Tensor) -> Tensor:
            shape = (-1, 1, *[1] * (every.ndim - 2))
            kept = torch.where(better.view(shape), new[:, None], every.take_along_dim(self.best.view(shape), 1))
            changed = every.clone()
            changed[torch.arange(len(every), device=every.device), self.best] = kept[:, 0]
            return changed

        return replace(
            self,
            images=put(self.images, image),
            scores=put(self.scores, score),
            terms={name: put(self.terms[name], value) for name, value in terms.items()},
            refined=trace,
        )

    def _chosen(self, every: Tensor) -> Tensor:
        return every.take_along_dim(self.best.view(-1, 1, *[1] * (every.ndim - 2)), 1)[:, 0]
