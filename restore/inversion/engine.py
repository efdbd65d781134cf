"""The search of a latent space for the images that explain what was observed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from restore.contracts import Observation, Prior, Progress
from restore.errors import DeviceError, InputError, PluginError, UsageError
from restore.inversion import losses
from restore.inversion.domains import DOMAINS, Domain
from restore.inversion.observed import placed
from restore.inversion.prepared import Prepared
from restore.inversion.problem import Problem, Remembered, Terms, comparable, total
from restore.inversion.refining import refine
from restore.inversion.result import Inversion
from restore.inversion.search import Found, Search
from restore.inversion.settings import Settings
from restore.inversion.starts import Start, starts
from restore.runtime.forward import ran_out_of_memory

AT_ONCE = {"cpu": 64}
"""Searches at a time: more do not go faster there, and take more memory."""
ELSEWHERE = 1024
ROUGH = ("adam", "nesterov")
"""Optimisers that are content with an objective that is rounded."""


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
        self.prepared, self.settings, self.progress = prepared, settings, progress
        self.domain: Domain = DOMAINS[prepared.prior.domain if settings.domain == "auto" else settings.domain]
        self.batch = settings.batch or AT_ONCE.get(prepared.device.type, ELSEWHERE)
        self.deadline = None if settings.seconds is None else time.monotonic() + settings.seconds
        self.done = self.total = 0

    def run(self, problem: Problem, start: Start, anchor: Tensor | None) -> Inversion:
        """Check, search, rank, refine."""
        observation = problem.observation
        self._check(observation)
        anchors = self._anchor(anchor, len(observation.image))
        count, restarts = len(observation.image), self.settings.restarts
        found = starts(start, self.prepared, observation, seed=self.settings.seed, restarts=restarts)
        owners = torch.arange(count, device=self.prepared.device).repeat_interleave(restarts)
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
        with torch.enable_grad():
            comparable(image.repeat(len(observation.image), 1, 1, 1).requires_grad_(), observation)

    def _anchor(self, anchor: Tensor | None, count: int) -> Tensor:
        shape = (count, *self.prepared.shape)
        if anchor is None:
            return torch.zeros(shape, device=self.prepared.device, dtype=self.prepared.dtype)
        if tuple(anchor.shape) != shape:
            raise InputError(f"the anchor is {tuple(anchor.shape)}", f"it is a latent for each image, {shape}")
        if not torch.isfinite(anchor).all():
            raise InputError("the anchor holds numbers that are not finite")
        return anchor.to(self.prepared.device, self.prepared.dtype)

    def _search(self, problem: Problem, z: Tensor, owners: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best latents, and the traces ``(steps, n)``, of searches from these latents."""
        start = self.domain.enter(z).flatten(1)
        ends, traces, first = [], [], 0
        while first < len(start):
            self.total = self.done + self.settings.steps * -(-(len(start) - first) // self.batch)
            self.total += self.settings.refine_steps
            rows, began = slice(first, first + self.batch), self.done
            search = Search(
                objective=self._objective(problem, owners[rows], anchors),
                start=start[rows],
                domain=self.domain,
                settings=self.settings,
                deadline=self._share(len(start) - first),
                tick=self._tick,
            )
            end = self._tried(search)
            if end is None:
                self.batch = max(1, self.batch // 2)
                continue
            ends.append(self._latents(end.at))
            traces.append(end.trace)
            first += self.batch
            self.done = began + self.settings.steps
        return torch.cat(ends), torch.cat(traces, 1)

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

    def _tried(self, search: Search) -> Found | None:
        """Search; None where memory does not suffice. Raises DeviceError where one alone is too much."""
        try:
            return search.run()
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
            if len(search.start) == 1:
                raise DeviceError("memory does not suffice for one search", "take a smaller prior") from error
        # Outside of the handler, so that the traceback no longer holds the failed pass's tensors.
        if self.prepared.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _share(self, left: int) -> float | None:
        """Return when this batch of searches must end, so that those after it have their time."""
        if self.deadline is None:
            return None
        now = time.monotonic()
        return now + max(0.0, self.deadline - now) * min(1.0, self.batch / left)

    def _tick(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, max(self.done, self.total))

    def _judged(self, problem: Problem, z: Tensor, owners: Tensor, anchors: Tensor) -> tuple[Tensor, Terms]:
        """Return the images of latents, and the terms of their scores, in full precision."""
        problem = replace(problem, context=self.prepared.context())
        images, terms = [], []
        for some, own in zip(torch.split(z, self.batch), torch.split(owners, self.batch), strict=True):
            images.append(self.prepared.decode(some))
            terms.append(problem.rows(own)(images[-1]) | self._penalty(some, anchors[own]))
        return torch.cat(images), {name: torch.cat([part[name] for part in terms]) for name in terms[0]}

    def _refined(self, found: Inversion, problem: Problem, anchors: Tensor) -> Inversion:
        """Search on among the features of the best latents; what is better takes their place."""
        image, trace = refine(
            self.prepared, problem, found.latent, self.settings, deadline=self.deadline, tick=self._tick
        )
        terms = replace(problem, context=self.prepared.context())(image) | self._penalty(found.latent, anchors)
        return found.improved(image, terms, trace)
