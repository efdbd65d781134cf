"""The search of a latent space for the images that explain what was observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from restore.contracts import Observation, Prior, Progress
from restore.errors import InputError, PluginError, UsageError
from restore.inversion import losses
from restore.inversion.course import Course
from restore.inversion.domains import DOMAINS, Domain
from restore.inversion.observed import placed
from restore.inversion.portions import Portions
from restore.inversion.prepared import Prepared
from restore.inversion.problem import Problem, Remembered, Terms, comparable, joined, select, total
from restore.inversion.refining import refine
from restore.inversion.result import Inversion
from restore.inversion.search import Search
from restore.inversion.settings import Settings
from restore.inversion.starts import Start, starts

ROUGH = ("adam", "nesterov")
"""Optimisers that are content with an objective that is rounded."""
Made = TypeVar("Made")


def invert(
    prior: Prior,
    observation: Observation,
    *,
    fit: losses.Losses = "mse",
    terms: losses.Losses = None,
    settings: Settings | None = None,
    start: Start = "random",
    anchor: Tensor | None = None,
    precision: str = "float32",
    progress: Progress | None = None,
) -> Inversion:
    """Return ``argmin over z of fit(A(G(z)), y) + terms(G(z))`` for each image that was observed.

    All images and restarts are searched side by side. What is found for an image does not depend, beyond the
    rounding of floats, on the images beside it.

    Args:
        prior: ``G``, in any mode; it is left as it is, and the search runs on its device.
        observation: ``y``, with ``A`` and what it drew where they are known: its ``signal`` is compared. Where a mask
            calls pixels missing they are not compared.
        fit: compares ``A(G(z))`` with ``y``: ``"mse"``, ``"l1 + 0.1*perceptual:net=alexnet"``, a Loss; None: nothing.
        terms: of ``G(z)`` alone, such as ``"0.003*adversarial + 0.1*tv"``; ``context["critic"]`` is the prior's.
        settings: how it is searched.
        start: ``random``, ``normal``, ``encoder`` or latents.
        anchor: ``z0`` of the settings' ``latent_weight``, ``(B, *latent_shape)``; None: 0.
        precision: of decoder and critic during the search, ``float32`` or ``bfloat16``. Latents, losses and results
            are float32, or float64 as the observation; so is all that L-BFGS does, whose line search would stumble
            over rounding.
        progress: called with (done, total), in steps.

    Raises:
        InputError: an observation that does not fit the prior, or is not finite.
        UsageError: settings or losses that make no sense, a degradation without a gradient, a prior that lacks what
            is asked of it.
        PluginError: a prior whose images are never finite.
        DeviceError: memory does not suffice for one search.
    """
    where = observation.image.device.type
    # Out of inference mode, where there are no gradients, and of the caller's precision.
    with torch.inference_mode(False), torch.no_grad(), torch.autocast(where, enabled=False):
        dtype = torch.float64 if observation.image.dtype == torch.float64 else torch.float32
        chosen = settings or Settings()
        if precision not in ("float32", "bfloat16"):
            raise UsageError(
                f"a search does not compute in {precision}, in which small gradients vanish",
                "precision is float32 or bfloat16",
            )
        rough = precision if chosen.optimizer in ROUGH else "float32"
        prepared = Prepared(prior, dtype=dtype, precision=rough)
        compared = losses.build(fit, prior, prepared.device)
        judged = losses.build(terms, prior, prepared.device)
        if compared is None and judged is None:
            raise UsageError("a search without fit and terms has nothing to minimise", 'give one, such as fit="mse"')
        problem = Problem(observation=placed(observation, prepared), fit=compared, terms=judged, context={})
        with torch.autocast(prepared.device.type, enabled=False):
            return _Engine(prepared, chosen, progress).run(problem, start, anchor)


class _Engine:
    """One call of ``invert``."""

    def __init__(self, prepared: Prepared, settings: Settings, progress: Progress | None) -> None:
        self.prepared, self.settings = prepared, settings
        self.domain: Domain = DOMAINS[prepared.prior.domain if settings.domain == "auto" else settings.domain]
        self.portions = Portions(prepared.device, settings.batch)
        self.course = Course(settings.seconds, progress)

    def run(self, problem: Problem, start: Start, anchor: Tensor | None) -> Inversion:
        """Check, search, rank, refine."""
        observation = problem.observation
        self._check(observation)
        anchors = self._anchor(anchor, len(observation.image))
        count, restarts = len(observation.image), self.settings.restarts
        found = starts(start, self.prepared, observation, self.portions, seed=self.settings.seed, restarts=restarts)
        owners = self._numbers(count).repeat_interleave(restarts)
        latents, trace = self._search(problem, found.flatten(0, 1), owners, anchors)
        images, terms = self._judged(problem, latents, owners, anchors)
        scores = total(terms).view(count, restarts).nan_to_num(nan=torch.inf)
        if not scores.isfinite().any(1).all():
            raise PluginError(
                f"no image that {type(self.prepared.prior).__name__} made has a finite score",
                "its weights are damaged (restore weights verify), or a loss is not finite",
            )
        inversion = Inversion(
            images=images.view(count, restarts, *images.shape[1:]),
            latents=latents.view(count, restarts, *latents.shape[1:]),
            scores=scores,
            terms={name: value.view(count, restarts) for name, value in terms.items()},
            best=scores.argmin(1),
            trace=trace.view(-1, count, restarts),
        )
        return self._refined(inversion, problem, anchors) if self.settings.refine_steps else inversion

    def _check(self, observation: Observation) -> None:
        """Try on the prior's own images what will be tried on them. Raises InputError, UsageError."""
        if self.settings.refine_steps:
            self.prepared.staged(self.settings.refine_stage)
        image = self.prepared.decode(self.prepared.sample(self.settings.seed, 1))
        numbers = self._numbers(len(observation.image))

        def tried(rows: slice) -> None:
            some = select(observation, numbers[rows])
            with torch.enable_grad():
                comparable(image.repeat(len(some.image), 1, 1, 1).requires_grad_(), some)

        self.portions.each(len(numbers), tried)

    def _anchor(self, anchor: Tensor | None, count: int) -> Tensor:
        shape = (count, *self.prepared.shape)
        if anchor is None:
            return torch.zeros(shape, device=self.prepared.device, dtype=self.prepared.dtype)
        if tuple(anchor.shape) != shape:
            raise InputError(f"the anchor is {tuple(anchor.shape)}", f"it is a latent for each image, {shape}")
        if not torch.isfinite(anchor).all():
            raise InputError("the anchor holds numbers that are not finite")
        return anchor.to(self.prepared.device, self.prepared.dtype)

    def _numbers(self, count: int) -> Tensor:
        """Return the numbers of so many images."""
        return torch.arange(count, device=self.prepared.device)

    def _passes(self, count: int, steps: int, later: int, work: Callable[[slice, float | None], Made]) -> list[Made]:
        """Return what each portion of so many searches made, with its share of the time.

        Args:
            count: searches.
            steps: of each.
            later: steps that come after all of them.
            work: does some of them, until a deadline.
        """

        def one(rows: slice) -> Made:
            deadline = self.course.begin(steps, steps * self.portions.number(count - rows.start) + later)
            made = work(rows, deadline)
            self.course.end()
            return made

        return self.portions.each(count, one)

    def _search(self, problem: Problem, z: Tensor, owners: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best latents, and the traces ``(steps, n)``, of searches from these latents."""
        start = self.domain.enter(z).flatten(1)

        def searched(rows: slice, deadline: float | None) -> tuple[Tensor, Tensor]:
            found = Search(
                objective=self._objective(problem, owners[rows], anchors),
                start=start[rows],
                domain=self.domain,
                settings=self.settings,
                deadline=deadline,
                tick=self.course.tick,
            ).run()
            return self._latents(found.at), found.trace

        refinement = self.settings.refine_steps * self.portions.number(len(problem.observation.image))
        latents, traces = zip(*self._passes(len(start), self.settings.steps, refinement, searched), strict=True)
        return torch.cat(latents), torch.cat(traces, 1)

    def _objective(self, problem: Problem, owners: Tensor, anchors: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the objective of searches that belong to these images."""
        remembered = Remembered(replace(problem, context=self.prepared.context(exact=False)))

        def objective(u: Tensor, rows: Tensor) -> Tensor:
            own = owners[rows]
            z = self._latents(u)
            terms = remembered(own)(self.prepared.decode(z, exact=False))
            return total(terms | self._penalty(z, anchors[own]))

        return objective

    def _latents(self, u: Tensor) -> Tensor:
        return self.domain.latent(u.reshape(len(u), *self.prepared.shape))

    def _penalty(self, z: Tensor, anchor: Tensor) -> Terms:
        weight = self.settings.latent_weight
        return {"latent": weight * (z - anchor).square().flatten(1).mean(1)} if weight else {}

    def _judged(self, problem: Problem, z: Tensor, owners: Tensor, anchors: Tensor) -> tuple[Tensor, Terms]:
        """Return the images of latents, and the terms of their scores, in full precision."""
        problem = replace(problem, context=self.prepared.context())

        def judged(rows: slice) -> tuple[Tensor, Terms]:
            some, own = z[rows], owners[rows]
            image = self.prepared.decode(some)
            return image, problem.rows(own)(image) | self._penalty(some, anchors[own])

        images, terms = zip(*self.portions.each(len(z), judged), strict=True)
        return torch.cat(images), joined(terms)

    def _refined(self, found: Inversion, problem: Problem, anchors: Tensor) -> Inversion:
        """Search on among the features of the best latents; what is better takes their place."""
        z, numbers = found.latent, self._numbers(len(found.latent))

        def refined(rows: slice, deadline: float | None) -> tuple[Tensor, Terms, Tensor]:
            own = problem.rows(numbers[rows])
            image, trace = refine(self.prepared, own, z[rows], self.settings, deadline=deadline, tick=self.course.tick)
            terms = replace(own, context=self.prepared.context())(image)
            return image, terms | self._penalty(z[rows], anchors[rows]), trace

        images, terms, traces = zip(*self._passes(len(z), self.settings.refine_steps, 0, refined), strict=True)
        return found.improved(torch.cat(images), joined(terms), torch.cat(traces, 1))
