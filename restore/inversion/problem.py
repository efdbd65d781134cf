"""What is minimised: how far degraded images are from what was observed, and further terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from restore.composition import Noiseless, rows
from restore.contracts import Degradation, Loss, Observation, Params
from restore.errors import InputError, UsageError
from restore.objective import Objective

Terms = dict[str, Tensor]
"""Weighted values by name, ``(n,)`` each."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An observation and the losses that judge an image by it.

    Args:
        observation: of ``n`` images.
        fit: compares ``A(image)`` with what was observed, or None. Missing pixels count as equal, and the value of a
            loss that knows no mask is divided by the share of the known ones, so that a weight means the same for
            every mask.
        terms: of the image itself, or None; they are given the observation and the context, and no target.
        context: what terms may ask for, the critic for one.
    """

    observation: Observation
    fit: Loss | None
    terms: Loss | None
    context: Mapping[str, Any]

    def rows(self, index: Tensor) -> Problem:
        """Return the problem of some of the images, in this order; one may come more than once."""
        return replace(self, observation=select(self.observation, index))

    def __call__(self, image: Tensor) -> Terms:
        """Return the terms of images ``(n, C, H, W)``, ``fit`` among them; their sum is what is minimised."""
        found: Terms = {}
        if self.fit is not None:
            found["fit"] = self._fitted(image)
        if self.terms is not None:
            found |= self._weighted("terms", self.terms, image, None)
        return found

    def _fitted(self, image: Tensor) -> Tensor:
        """Return how far images are from what was observed, ``(n,)``."""
        assert self.fit is not None
        values = self._weighted("fit", self.fit, *self._compared(image))
        if self.observation.mask is not None:
            share = known(self.observation.mask)
            parts = {term.name: term.loss for term in self.fit.terms} if isinstance(self.fit, Objective) else {}
            for name in values:
                if not parts.get(name, self.fit).knows_mask:
                    values[name] = values[name] / share
        return total(values)

    def _weighted(self, name: str, loss: Loss, image: Tensor, wanted: Tensor | None) -> Terms:
        """Return the terms of an objective by their names, or a loss by this one."""
        told: dict[str, Any] = {"observation": self.observation, "context": self.context}
        if isinstance(loss, Objective):
            return loss.weighted(image, wanted, **told)
        return {name: loss(image, wanted, **told)}

    def _compared(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``A(image)`` and what it is compared with."""
        seen, wanted = comparable(image, self.observation), self.observation.image
        if self.observation.mask is not None:
            seen = torch.where(self.observation.mask > 0, wanted, seen)
        return seen, wanted


def signal(image: Tensor, degradation: Degradation | None, params: Params) -> Tensor:
    """Return what a degradation makes of images, less its noise; without one, the images.

    Raises:
        UsageError: no gradient comes through.
    """
    if degradation is None:
        return image
    seen = degradation.signal(image, params)
    if image.requires_grad and not seen.requires_grad:
        whole = degradation.whole if isinstance(degradation, Noiseless) else degradation
        raise UsageError(
            f"{type(whole).__name__} has no gradient that a search could follow",
            "take a degradation that has one, such as bicubic or gaussian-blur: restore info NAME tells",
        )
    return seen


def comparable(image: Tensor, observation: Observation) -> Tensor:
    """Return what the observation's degradation makes of images, less its noise.

    Raises:
        UsageError: no gradient comes through.
        InputError: the result has not the shape of what was observed.
    """
    seen = signal(image, observation.degradation, observation.params)
    if seen.shape != observation.image.shape:
        made, given = (" x ".join(map(str, tensor.shape[1:])) for tensor in (seen, observation.image))
        raise InputError(
            f"the prior's images, once degraded, are {made} (channels, height, width), and the observed {given}",
            "crop or resize it first, or name the degradation that made it",
        )
    return seen


def known(mask: Tensor) -> Tensor:
    """Return the share of known pixels of each mask, ``(n,)``; 1 where all are missing, as nothing is compared."""
    share = (mask <= 0).flatten(1).to(torch.float64 if mask.dtype == torch.float64 else torch.float32).mean(1)
    return torch.where(share > 0, share, 1)


def select(observation: Observation, index: Tensor) -> Observation:
    """Return the observation of some images, in this order."""
    return replace(
        observation,
        image=observation.image[index],
        mask=None if observation.mask is None else observation.mask[index],
        params=rows(observation.params, index.tolist()),
    )


class Remembered:
    """The problem of the searches that still go on, made anew only when some have left.

    Args:
        problem: of all images.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._made: Problem | None = None

    def __call__(self, owners: Tensor) -> Problem:
        """Return the problem of these images; between two calls of one length they are the same."""
        if self._made is None or len(self._made.observation.image) != len(owners):
            self._made = self._problem.rows(owners)
        return self._made


def total(terms: Terms) -> Tensor:
    """Return their sum, ``(n,)``."""
    return torch.stack(tuple(terms.values())).sum(0)


def joined(parts: Sequence[Terms]) -> Terms:
    """Return the terms of several portions of images as those of all."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
