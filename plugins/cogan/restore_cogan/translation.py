"""Translation: the image of one domain that belongs to an image of the other, with no pair ever seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from restore import inversion, load_prior, notices
from restore import weights as store
from restore.contracts import Model, Observation, Progress
from restore.errors import InputError, PluginError, UsageError
from restore.plugin import ModelSpec
from restore.registry import Component, registry
from restore.seeds import drawn_seed
from restore.training.numbers import check_number
from restore_cogan.prior import CoGAN

PORTION = 100
"""Images that are decoded at once."""


@dataclass(frozen=True, kw_only=True)
class Translated:
    """What was found for each of ``B`` images."""

    image: Tensor
    """In the other domain, ``(B, C, H, W)`` in [0, 1]."""
    reconstruction: Tensor
    """The image of its own domain that is nearest to what was given."""
    latent: Tensor
    """Of both, ``(B, *latent_shape)``."""
    explained: Tensor
    """``(B,)``, 1 at most: how much nearer the reconstruction is than the mean image of the domain, as a share of the
    squared distance. Near 0 the prior says no more of an image than that it belongs to the domain, if it does."""


class Translation(Model):
    """``g2(z*)`` with ``z* = argmin |g1(z) - x|^2`` over the latents of two coupled generators (CoGAN, section 4).

    Searches start from the latents whose images are nearest, of some hundred.

    Args:
        from_: the domain of the images that are given.
        to: the domain of the result; none: the other.
        prior: a pair of domains, ``cogan-mnist-edge`` or ``cogan-mnist-edge.TAG``; none: that of the weights file, or
            the only one that has weights and both domains, with the first of its weights for them.
        weights: a file for the prior, in place of its own weights.
        steps: of the search, at most.
        restarts: searches for each image, of which the best wins.
        optimizer: ``adam``, ``nesterov`` or ``lbfgs``.
        learning_rate: none: 0.1 for adam, 20 for nesterov.
        pool: images that are drawn, the nearest of which are started from.
        seconds: for all steps of a call; none: no limit.
        seed: of the images that are drawn; none: torch's, which ``--seed`` sets.
        batch: searches at a time; none: what suits the device.
        coverage: share of an image that the prior must explain (see ``Translated``); below it there is a warning that
            it does not know such images.

    Raises:
        UsageError: a number that makes no sense, a domain that there is not, a prior that is no pair.
        UnknownNameError: no plugin offers the prior.
        WeightsError: the prior's weights are not here.
    """

    trained = True  # the prior has its weights, or could not be loaded

    def __init__(
        self,
        from_: str,
        to: str | None = None,
        prior: str | None = None,
        weights: Path | None = None,
        steps: int = 150,
        restarts: int = 4,
        optimizer: inversion.Optimizer = "adam",
        learning_rate: float | None = None,
        pool: int = 500,
        seconds: float | None = None,
        seed: int | None = None,
        batch: int | None = None,
        coverage: float = 0.6,
    ) -> None:
        super().__init__()
        self.settings = inversion.Settings(
            steps=steps, restarts=restarts, optimizer=optimizer, learning_rate=learning_rate, seconds=seconds,
            seed=seed or 0, batch=batch,
        )  # fmt: skip
        check_number("pool", pool, least=restarts)
        check_number("coverage", coverage, below=1)
        self.pool, self.seed, self.coverage = pool, seed, coverage
        self.named = prior or find_pair(weights, {from_, to or from_})
        pair = load_prior(self.named, device="cpu", weights=weights)
        if not isinstance(pair, CoGAN):
            raise UsageError(f"{self.named} has one domain, and nothing to translate it to", "prior=cogan-mnist-edge")
        self.source, self.target = directed(pair, from_, to)
        self.prior = pair
        with torch.no_grad():
            self.shape = tuple(self._view(self.source).decode(self._drawn(1, 0)).shape[1:])

    def _view(self, domain: str) -> CoGAN:
        return self.prior.showing(domain)

    def _drawn(self, count: int, seed: int) -> Tensor:
        return self.prior.sample(count, torch.Generator().manual_seed(seed))

    def declared(self, spec: ModelSpec) -> ModelSpec:
        """Return what holds for this prior and seed: the only size, the channels, chance."""
        channels, height, width = self.shape
        return replace(spec, fixed_size=(height, width), channels=(channels,), stochastic=self.seed is None)

    def forward(self, observation: Observation) -> Tensor:
        """Return the images of the other domain, ``(B, C, H, W)`` in [0, 1]. Raises as ``search``."""
        found = self.search(observation)
        for row, explained in enumerate(found.explained.tolist()):
            if explained < self.coverage:
                notices.warn(
                    f"{self.named} explains {max(0.0, explained):.0%} of the image, less than "
                    f"coverage={self.coverage:g}, so it knows none like it in the domain {self.source}",
                    "see whether it is as bright and as large as what the prior was trained on",
                    row=row if len(found.image) > 1 else None,
                )
        return found.image

    def search(self, observation: Observation, progress: Progress | None = None) -> Translated:
        """Return all that was found.

        Args:
            observation: images of the domain ``from``; missing pixels count for nothing.
            progress: called with (done, total), in steps.

        Raises:
            InputError: images of another size, or not finite where they are known, or with a mask that is
                none for them; nothing is known.
            DeviceError: memory does not suffice for one search.
        """
        image, mask = observation.image, observation.mask
        if tuple(image.shape[1:]) != self.shape:
            raise InputError(
                f"the images are {tuple(image.shape[1:])}, and those of {self.named} {self.shape}", "resize them"
            )
        observation.check_mask()
        if mask is not None and (mask > 0).flatten(1).all(1).any():
            raise InputError("all of an image is missing, and nothing tells what it shows", "white = missing")
        with torch.inference_mode(False), torch.no_grad(), torch.autocast(image.device.type, enabled=False):
            seed = drawn_seed(self.seed)
            source, z = self._view(self.source), self._drawn(self.pool, seed).to(image.device)
            images = torch.cat([source.decode(portion) for portion in torch.split(z, PORTION)])
            there = torch.ones_like(image) if mask is None else (mask <= 0).to(image).expand_as(image)
            given = torch.where(there > 0, image, 0).to(images)
            start = z[nearest(given, there.to(images), images, self.settings.restarts)]
            found = inversion.invert(
                source, replace(observation, image=given, degradation=None, params={}), settings=self.settings,
                start=start, progress=progress,
            )  # fmt: skip
            from_mean = ((given - images.mean(0)).square() * there).flatten(1).sum(1) / there.flatten(1).sum(1)
            return Translated(
                image=self._view(self.target).decode(found.latent),
                reconstruction=found.image,
                latent=found.latent,
                explained=1 - found.score / from_mean.clamp(min=1e-6),
            )


def nearest(image: Tensor, there: Tensor, images: Tensor, count: int) -> Tensor:
    """Return the numbers ``(B, count)`` of those of ``images`` that are nearest to each of ``B``, the nearest first.

    Args:
        image: ``(B, C, H, W)``, 0 where it is missing.
        there: of its shape, 1 where it is known.
        images: ``(n, C, H, W)``.
        count: how many.
    """
    flat = images.flatten(1)
    away = there.flatten(1) @ flat.square().T - 2 * image.flatten(1) @ flat.T  # less what is the same for all
    return away.topk(count, largest=False).indices


def find_pair(weights: Path | None, domains: set[str]) -> str:
    """Return the name of the prior that a file of weights is for, or of the only pair with weights for these domains.

    Where a pair has several weights for them, the first are meant.

    Raises:
        UsageError: neither tells which.
        WeightsError: the file is absent or damaged.
    """
    if weights is not None:
        model = store.header(weights).metadata.get("model")
        if model is None:
            raise UsageError(f"{weights} does not say of what the weights are", "name it: prior=cogan-mnist-edge")
        return model
    known = " and ".join(sorted(domains))
    fitting: dict[tuple[str, frozenset[str]], str] = {}
    for component in filter(makes_pairs, registry().of_kind("prior")):
        for shipped in component.weights:
            names = frozenset(shipped.options.get("names", ()))
            if domains <= names:
                fitting.setdefault((component.qualified, names), f"{component.qualified}.{shipped.tag}")
    if not fitting:
        raise UsageError(
            f"no pair that has weights knows {known}",
            "give the file of one that you have trained, --weights FILE; restore list recipes shows what trains it",
        )
    if len(fitting) > 1:
        told = [f"{name} ({' and '.join(sorted(names))})" for (_, names), name in fitting.items()]
        raise UsageError(f"several pairs that have weights know {known}: {', '.join(told)}", "name one, prior=NAME")
    return fitting.popitem()[1]


def makes_pairs(component: Component) -> bool:
    """Whether a prior that has weights is a pair of domains; what cannot be imported is none."""
    try:
        factory = component.factory() if component.weights else None
    except PluginError:
        return False
    return isinstance(factory, type) and issubclass(factory, CoGAN)


def directed(pair: CoGAN, source: str, target: str | None) -> tuple[str, str]:
    """Return the domains from and to which is translated. Raises UsageError for one that there is not."""
    other = pair.names[1 - pair.index(source)]
    if target not in (None, other):
        pair.index(target)
        raise UsageError(f"from {source} to {target} is no translation", f"to={other}, or leave it out")
    return source, other
