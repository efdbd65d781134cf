"""Any prior and any degradation as a model: ``argmin over z of fit(A(G(z)), y) + terms``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from restore import inversion, load_prior
from restore.contracts import Degradation, Encodes, Model, Observation, Progress
from restore.errors import InputError, UsageError
from restore.inversion import losses
from restore.plugin import ModelSpec
from restore.seeds import drawn_seed
from restore_inpainting.abilities import check_abilities
from restore_inpainting.known import know, leaves, made_of
from restore_inpainting.presets import Start


class LatentInversion(Model):
    """The image of a prior that explains what was observed best.

    Whoever knows the degradation of an image puts it into the observation, and it is used; benchmarks do. Files come
    without one: the option ``degradation`` says what was done to them. A mask says which pixels are missing; the
    runtime returns the others as they are, unless a degradation has been at them too.

    Args:
        prior: its name, ``dcgan-faces`` or ``dcgan-faces.TAG``.
        weights: a file for the prior, in place of its own weights.
        degradation: ``bicubic:scale=4``, ``grayscale``, ``gaussian-blur:sigma=2|bicubic:scale=2`` ...; none: the
            image is compared as it is, which suits noise too. Not for what it draws at random.
        fit: losses that compare the degraded image with what was observed; none: the terms do it all.
        terms: losses of the image alone, such as ``0.003*adversarial + 0.1*tv``.
        steps: of the search, at most.
        restarts: searches for each image, of which the best wins.
        optimizer: ``adam``, ``nesterov`` or ``lbfgs``.
        learning_rate: none: 0.1 for adam, 20 for nesterov, whose gradient is of a mean over pixels.
        momentum: of nesterov.
        schedule: of the learning rate: ``cosine`` down to a tenth, ``stairs`` down 5 % every 100 steps, ``constant``.
        start: ``random``, ``normal``, or ``encoder``: the prior's own guess is the first of the restarts; none: the
            encoder of a prior that has one, else random.
        domain: where latents stay: ``normal``, ``uniform`` (clipped), ``tanh``; ``auto``: as the prior says.
        latent_weight: of the mean square of the latent.
        patience: a search ends that gained nothing in so many steps; none: none does.
        tolerance: the share of its value that counts as a gain.
        seconds: for all steps of a call, shared in their proportion with those of ``refine_steps``; none: no limit.
        seed: of the starts; none: torch's, which ``--seed`` sets.
        batch: searches at a time; none: what suits the device.
        refine_steps: of a second search among the features of the prior's decoder.
        refine_stage: where in the decoder; 1 is nearest to the latent.
        refine_rate: its learning rate; none: a fifth of the first.
        refine_weight: of the mean square by which features change.

    Raises:
        UsageError: a number that makes no sense, a loss without what it needs, a degradation that cannot be searched.
        UnknownNameError: no plugin offers the prior, the degradation or a loss.
        WeightsError: the prior's weights are not here.
    """

    trained = True  # the prior has its weights, or could not be loaded

    def __init__(
        self,
        prior: str,
        weights: Path | None = None,
        degradation: str | None = None,
        fit: str | None = "mse",
        terms: str | None = None,
        steps: int = 500,
        restarts: int = 4,
        optimizer: inversion.Optimizer = "adam",
        learning_rate: float | None = None,
        momentum: float = 0.9,
        schedule: inversion.Schedule = "cosine",
        start: Start | None = None,
        domain: inversion.Domain = "auto",
        latent_weight: float = 0.0,
        patience: int | None = 100,
        tolerance: float = 1e-3,
        seconds: float | None = None,
        seed: int | None = None,
        batch: int | None = None,
        refine_steps: int = 0,
        refine_stage: int = 1,
        refine_rate: float | None = None,
        refine_weight: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings = inversion.Settings(
            steps=steps, restarts=restarts, optimizer=optimizer, learning_rate=learning_rate, momentum=momentum,
            schedule=schedule, domain=domain, latent_weight=latent_weight, patience=patience, tolerance=tolerance,
            seconds=seconds, seed=seed or 0, batch=batch, refine_steps=refine_steps, refine_stage=refine_stage,
            refine_rate=refine_rate, refine_weight=refine_weight,
        )  # fmt: skip
        self.seed = seed
        self.prior = load_prior(prior, device="cpu", weights=weights)
        self.start: Start = start or ("encoder" if isinstance(self.prior, Encodes) else "random")
        check_abilities(self.prior, prior, self.start, self.settings)
        self.fit = losses.build(fit, self.prior, torch.device("cpu"))
        self.terms = losses.build(terms, self.prior, torch.device("cpu"))
        if self.fit is None and self.terms is None:
            raise UsageError("a search without fit and terms has nothing to minimise", "fit=mse")
        with torch.no_grad():
            image = self.prior.decode(self.prior.sample(1, torch.Generator().manual_seed(0)))
        _, self.made, height, width = image.shape
        self.known = know(degradation, image)
        self.degradation = self.known.degradation  # so that it follows to the device
        self.sides = (height, width)

    def declared(self, spec: ModelSpec) -> ModelSpec:
        """Return what holds for this prior, degradation and seed: the only size, the scale, the channels, chance.

        Where the option names no degradation, it can be told one, and pixels that a mask calls known are kept.

        Raises:
            UsageError: the degradation does not divide the sides of the prior's images.
        """
        nothing = self.known.degradation is None
        return self._fitted(replace(spec, non_blind=nothing, keeps_known=nothing), self.known.shape)

    def informed(self, spec: ModelSpec, degradation: Degradation) -> ModelSpec:
        """Return what holds where the observation brings its degradation. Raises as ``declared``."""
        place = next(iter([*self.prior.parameters(), *self.prior.buffers()]), torch.empty(0)).device
        image = torch.rand(1, self.made, *self.sides, generator=torch.Generator().manual_seed(0)).to(place)
        return self._fitted(replace(spec, keeps_known=leaves(degradation, image)), made_of(degradation, image))

    def _fitted(self, spec: ModelSpec, observed: tuple[int, int, int]) -> ModelSpec:
        """Return what holds for observations (C, h, w)."""
        channels, height, width = observed
        scale = self.sides[0] // height
        if (height * scale, width * scale) != self.sides:
            raise UsageError(
                f"the degradation makes {width} x {height} of {self.sides[1]} x {self.sides[0]} pixels",
                "take a scale that divides the sides of the prior's images",
            )
        taken = (1, 3) if self._colours(channels) else (channels,)
        return replace(spec, scale=scale, fixed_size=(height, width), channels=taken, stochastic=self.seed is None)

    def _colours(self, channels: int) -> bool:
        """Whether so many channels are gray and colour is found."""
        return channels == 1 and self.made == 3

    def forward(self, observation: Observation) -> Tensor:
        """Return the best images, ``(B, C, H, W)`` in [0, 1]. Raises as ``search``."""
        return self.search(observation).image

    def search(self, observation: Observation, progress: Progress | None = None) -> inversion.Inversion:
        """Return all that was found: candidates with their latents and scores, and the course of each search.

        Args:
            observation: its degradation, if it has one, counts instead of the option's.
            progress: called with (done, total), in steps.

        Raises:
            InputError: an image that does not fit, or is not finite.
            UsageError: a degradation without a gradient, or a prior that lacks what is asked of it.
            DeviceError: memory does not suffice for one search.
        """
        seen = self.known.completed(self._gray(observation))
        seed = drawn_seed(self.seed)
        return inversion.invert(
            self.prior, seen, fit=self.fit, terms=self.terms, settings=replace(self.settings, seed=seed),
            start=self.start, precision=precision(observation.image.device), progress=progress,
        )  # fmt: skip

    def _gray(self, observation: Observation) -> Observation:
        """Take one channel where gray is due and was stored as colour. Raises InputError for what is colour."""
        image = observation.image
        if observation.degradation is not None or not self._colours(self.known.shape[0]) or image.shape[1] == 1:
            return observation
        if not torch.equal(image, image[:, :1].expand_as(image)):
            raise InputError(
                "the image has colours, and the degradation leaves none",
                "convert it to gray, or name the degradation that was done to it",
            )
        return replace(observation, image=image[:, :1])


def precision(device: torch.device) -> str:
    """Return what the runtime has chosen, as a name."""
    if not torch.is_autocast_enabled(device.type):
        return "float32"
    return str(torch.get_autocast_dtype(device.type)).removeprefix("torch.")
