"""Semantic inpainting: what is missing is invented by a prior, so that it fits what is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from restore import inversion, load_prior, notices
from restore.contracts import Criticises, Encodes, Model, Observation, Progress
from restore.errors import InputError, UsageError
from restore.inversion import losses
from restore.plugin import ModelSpec
from restore.seeds import drawn_seed
from restore_inpainting.abilities import check_abilities
from restore_inpainting.box import Box
from restore_inpainting.candidates import Candidates
from restore_inpainting.contextual import Weighting, check_window, importance
from restore_inpainting.filling import Blend, Filling
from restore_inpainting.inversion import precision
from restore_inpainting.presets import PRESETS, Name, Start


class SemanticInpainting(Model):
    """Fill holes with what a prior finds likely there (Yeh et al., CVPR 2017).

    A latent is sought whose image is near the known pixels (the loss ``contextual``) and which the prior's critic
    believes (``adversarial``). Of this image the holes are filled, by Poisson blending. It must be of the prior's size,
    or a box says where in it there is what the prior knows.

    Args:
        prior: its name, ``dcgan-faces`` or ``dcgan-faces.TAG``.
        weights: a file for the prior, in place of its own weights.
        preset: ``ours``, ``paper-2017``, ``paper-2016``: settings that the options below change one by one.
        blend: ``poisson``: gradients of the prior's image, colours of what surrounds the hole; ``copy``: its pixels;
            ``none``: its whole image, which the runtime still returns with the known pixels as they are.
        box: x,y,width,height in pixels, in the proportions of the prior's images; none: the whole image.
        prior_weight: of the critic's term; none: the preset's, or 0 for ``ours`` with a prior that has no critic.
        known_weight: of a second contextual term, in which all known pixels count alike; none: the preset's.
        weighting: of the known pixels in the first, ``near`` the hole or ``none``; ``preset``.
        window: side in pixels of the window that ``near`` means, odd.
        steps: of the search, at most; none: the preset's.
        restarts: searches for each image, of which the best wins; none: the preset's.
        optimizer: ``adam``, ``nesterov`` or ``lbfgs``; none: the preset's.
        learning_rate: none: the preset's, or the optimiser's own where that is another one.
        start: ``random``, ``normal``, ``encoder``; none: the preset's.
        seconds: for all steps of a call, shared in their proportion with those of ``refine_steps``; none: no limit.
        seed: of the starts; none: torch's, which ``--seed`` sets.
        batch: searches at a time; none: what suits the device.
        refine_steps: of a second search among the features of the prior's decoder.
        refine_stage: where in the decoder; 1 is nearest to the latent.
        refine_rate: its learning rate; none: a fifth of the first.
        refine_weight: of the mean square by which features change.
        coverage: mean absolute difference from the known pixels, from 0 to 1, above which there is a warning that the
            image is none that the prior knows.

    Raises:
        UsageError: a number that makes no sense, a weight for a critic or a start from an encoder that the prior lacks.
        UnknownNameError: no plugin offers the prior.
        WeightsError: the prior's weights are not here.
    """

    trained = True  # the prior has its weights, or could not be loaded

    def __init__(
        self,
        prior: str,
        weights: Path | None = None,
        preset: Name = "ours",
        blend: Blend = "poisson",
        box: tuple[int, int, int, int] | None = None,
        prior_weight: float | None = None,
        known_weight: float | None = None,
        weighting: Weighting | Literal["preset"] = "preset",
        window: int = 7,
        steps: int | None = None,
        restarts: int | None = None,
        optimizer: inversion.Optimizer | None = None,
        learning_rate: float | None = None,
        start: Start | None = None,
        seconds: float | None = None,
        seed: int | None = None,
        batch: int | None = None,
        refine_steps: int = 0,
        refine_stage: int = 1,
        refine_rate: float | None = None,
        refine_weight: float = 0.0,
        coverage: float = 0.15,
    ) -> None:
        super().__init__()
        chosen = PRESETS[preset]
        moved = optimizer not in (None, chosen.optimizer)
        rate = None if moved else chosen.learning_rate
        self.box = None if box is None else Box(x=box[0], y=box[1], width=box[2], height=box[3])
        if not coverage > 0:
            raise UsageError(f"coverage={coverage} warns of every image", "give a number above 0, such as 0.15")
        known_weight = chosen.known_weight if known_weight is None else known_weight
        if known_weight < 0:
            raise UsageError(f"known_weight={known_weight} leads away from what is known", "known_weight is 0 or more")
        self.prior = load_prior(prior, device="cpu", weights=weights)
        self.start: Start = start or chosen.start or ("encoder" if isinstance(self.prior, Encodes) else "random")
        self.settings = inversion.Settings(
            steps=chosen.steps if steps is None else steps,
            restarts=chosen.searches(self.start) if restarts is None else restarts,
            optimizer=optimizer or chosen.optimizer,
            learning_rate=rate if learning_rate is None else learning_rate,
            schedule=chosen.schedule, patience=chosen.patience, seconds=seconds, seed=seed or 0, batch=batch,
            refine_steps=refine_steps, refine_stage=refine_stage, refine_rate=refine_rate, refine_weight=refine_weight,
        )  # fmt: skip
        check_abilities(self.prior, prior, self.start, self.settings)
        self.preset, self.blend, self.seed, self.coverage, self.named = preset, blend, seed, coverage, prior
        weighting = chosen.weighting if weighting == "preset" else weighting
        self.rim = window if weighting == "near" and not known_weight else None
        """Side of the window without which nothing counts; None: all known pixels do."""
        self.terms = losses.build(
            chosen.terms(
                weighting=weighting,
                window=window,
                known_weight=known_weight,
                prior_weight=self._prior_weight(prior_weight),
            ),
            self.prior,
            torch.device("cpu"),
        )
        with torch.no_grad():
            image = self.prior.decode(self.prior.sample(1, torch.Generator().manual_seed(0)))
        _, self.channels, height, width = image.shape
        self.sides = (height, width)
        check_window(window, self.sides)
        if self.box is not None:
            self.box.check(self.sides)

    def _prior_weight(self, wanted: float | None) -> float:
        """Return the weight of the critic's term. Raises UsageError for one below 0."""
        if wanted is None:
            silent = self.preset == "ours" and not isinstance(self.prior, Criticises)
            return 0.0 if silent else PRESETS[self.preset].prior_weight
        if wanted < 0:
            raise UsageError(f"prior_weight={wanted} seeks what the critic dislikes", "prior_weight is 0 or more")
        return wanted

    def declared(self, spec: ModelSpec) -> ModelSpec:
        """Return what holds for this prior, box and seed: the only size, the channels, chance."""
        size = self.sides if self.box is None else None
        return replace(spec, fixed_size=size, channels=(self.channels,), stochastic=self.seed is None)

    def forward(self, observation: Observation) -> Tensor:
        """Return the image with its holes filled, ``(B, C, H, W)`` in [0, 1]; without a mask the image itself.

        Raises:
            InputError: an image or a mask that does not fit the prior or the box, or is not finite where it is known.
            DeviceError: memory does not suffice for one search.
        """
        if observation.mask is None:
            return observation.image
        missing = self._missing(observation)
        holed = missing.flatten(1).any(1).nonzero()[:, 0]
        if not len(holed):
            return observation.image
        image, missing = observation.image[holed], missing[holed]
        how = precision(image.device)
        with torch.autocast(image.device.type, enabled=False):
            small = self._small(image, missing)
            found = self._search(small, how, None)
            self._tell(self._errors(found.image[:, None], small)[:, 0], holed if len(observation.image) > 1 else None)
            filled = self._filled(image, missing, found.image[:, None])[:, 0]
        done = observation.image.clone()
        done[holed] = filled
        return done

    def candidates(self, observation: Observation, progress: Progress | None = None) -> Candidates:
        """Return what every restart found, filled in, with its score.

        Args:
            observation: an image and its mask.
            progress: called with (done, total), in steps.

        Raises:
            InputError: no mask, or as ``forward``.
            DeviceError: as ``forward``.
        """
        missing = self._missing(observation)
        how = precision(observation.image.device)
        with torch.autocast(observation.image.device.type, enabled=False):
            return self._ranked(observation.image, missing, how, progress)

    def _ranked(self, image: Tensor, missing: Tensor, how: str, progress: Progress | None) -> Candidates:
        small = self._small(image, missing)
        found = self._search(small, how, progress)
        order = found.scores.argsort(dim=1, stable=True)
        images = found.images.take_along_dim(order[..., None, None, None], 1)
        return Candidates(
            images=self._filled(image, missing, images),
            scores=found.scores.take_along_dim(order, 1),
            errors=self._errors(images, small),
            found=found,
        )

    def _missing(self, observation: Observation) -> Tensor:
        """Return ``(B, 1, H, W)`` of booleans. Raises InputError."""
        image, mask = observation.image, observation.mask
        if mask is None:
            raise InputError("no mask says what is missing", "pass Observation(image=..., mask=...), 1 = missing")
        observation.check_mask()
        if image.shape[1] != self.channels:
            raise InputError(f"the image has {image.shape[1]} channels, and the prior's images {self.channels}")
        return mask > 0

    def _small(self, image: Tensor, missing: Tensor) -> Observation:
        """Return what the prior is to explain. Raises InputError."""
        if self.box is not None:
            return self.box.cut(image, missing, self.sides)
        self._check_size(image)
        if missing.flatten(1).all(1).any():  # led by the critic alone, a search goes astray
            raise InputError(
                "all of the image is missing, and nothing tells what belongs there",
                f"see whether the mask is the right way round (white = missing); restore sample {self.named} draws "
                "images of nothing",
            )
        return Observation(image=torch.where(missing, 0, image), mask=missing.to(image))

    def _check_size(self, image: Tensor) -> None:
        """Raise InputError for images of another size than the prior's."""
        if image.shape[-2:] != self.sides:
            height, width = image.shape[-2:]
            raise InputError(
                f"the image is {width} x {height}, and the prior's images are {self.sides[1]} x {self.sides[0]}",
                "box=x,y,width,height says where in it there is what the prior knows",
            )

    def _search(self, small: Observation, how: str, progress: Progress | None) -> inversion.Inversion:
        seed = drawn_seed(self.seed)
        return inversion.invert(
            self.prior, small, fit=None, terms=self.terms, settings=replace(self.settings, seed=seed),
            start=self.start, precision=how, progress=progress,
        )  # fmt: skip

    def _errors(self, images: Tensor, small: Observation) -> Tensor:
        """Return the mean absolute difference ``(B, K)`` of images ``(B, K, C, h, w)`` where the search looks; or 0."""
        assert small.mask is not None
        counted = (importance(small.mask, self.rim) > 0 if self.rim else small.mask <= 0)[:, None]
        away = torch.where(counted, images - small.image[:, None], 0).abs().flatten(2).sum(2)
        return away / (counted.flatten(1).sum(1, keepdim=True) * images.shape[2]).clamp(min=1)

    def _tell(self, errors: Tensor, rows: Tensor | None) -> None:
        """Warn of images that the prior does not know, by their differences ``(B,)`` from the known pixels.

        ``rows`` are their numbers in the batch; None of one that is alone.
        """
        for number, error in enumerate(errors.tolist()):
            if error > self.coverage:
                notices.warn(
                    f"the image is far from all that the prior {self.named} makes: known pixels differ by "
                    f"{error:.2f} of the range, more than coverage={self.coverage:g}",
                    "see whether the mask is the right way round (white = missing), and the box where it should be",
                    row=None if rows is None else int(rows[number]),
                )

    def _filled(self, image: Tensor, missing: Tensor, fills: Tensor) -> Tensor:
        """Return ``(B, K, C, H, W)`` in [0, 1] of fills ``(B, K, C, h, w)`` at the size of the prior."""
        filling: Filling | None = None
        done = []
        for one, holes, several in zip(image, missing[:, 0], fills, strict=True):
            if filling is None or not torch.equal(filling.missing, holes):
                filling = Filling(holes, self.blend, self.box)
            done.append(filling(one, several))
        return torch.stack(done)
