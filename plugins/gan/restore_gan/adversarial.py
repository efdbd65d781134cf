"""Adversarial training of a prior: what all recipes of this plugin have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase, Progress, Recipe
from restore.errors import InputError, UsageError
from restore.training.augment import Augmentation, augment
from restore.training.data import generator as randomness
from restore.training.numbers import check_number
from restore.training.population import population_statistics
from restore.training.schedule import late
from restore.training.squares import Colors, Crop, load_squares
from restore_gan.prior import AdversarialPrior
from restore_gan.steps import Kind, d_step, g_step

Schedule = Literal["constant", "linear"]
SHOWN = 64
"""Images in a picture of the training."""
POPULATION, PORTION = 4096, 128
"""Latents that the statistics of batch norms are measured over, and how many at once."""


class AdversarialRecipe(Recipe):
    """Critic and generator in turn, Adam, a moving average of the weights, statistics of the population.

    A subclass names the recipe and its prior, and makes it. What is exported is the whole prior, critic and all.

    Args:
        size: side of the images, in pixels.
        colors: of the images.
        steps: optimisation steps of each network.
        batch_size: images a step.
        latent: how many numbers a latent has.
        loss: kind of adversarial loss.
        augmentations: differentiable ones, of all that the critic sees; none: it sees images as they are.
        flip: whether images are mirrored at random.
        r1: weight of the critic's gradient penalty, gamma / 2; 0: none. Not with batch norm in the critic.
        r1_every: steps from one penalty to the next; each counts as many times as much.
        learning_rate: of the generator's Adam, at the start.
        critic_rate: of the critic's.
        momentum: Adam's first beta, of both.
        schedule: ``constant``, or ``linear``: after half of the steps it falls to nothing.
        ema: decay of the moving average of the weights; 0: none.
        crop: of images that are not square: ``auto``, ``face``, ``centre``.
        first: how many of the images, in the order of their names; none: all.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights, the images and the latents.

    Raises:
        UsageError: a number that makes no sense.
    """

    validation_protocol = ""

    def __init__(
        self,
        *,
        size: int,
        colors: Colors,
        steps: int,
        batch_size: int,
        latent: int,
        loss: Kind,
        augmentations: Sequence[Augmentation] | None,
        flip: bool,
        r1: float,
        r1_every: int,
        learning_rate: float,
        critic_rate: float,
        momentum: float,
        schedule: Schedule,
        ema: float,
        crop: Crop,
        first: int | None,
        data_terms: str,
        seed: int,
    ) -> None:
        if min(steps, batch_size, r1_every, 1 if first is None else first) < 1:
            raise UsageError("steps, batch_size, r1_every and first are at least 1")
        check_number("r1", r1, least=0)
        check_number("learning_rate", learning_rate, above=0)
        check_number("critic_rate", critic_rate, above=0)
        check_number("momentum", momentum, least=0, below=1)
        check_number("ema", ema, least=0, below=1)
        self.size, self.colors, self.latent = size, colors, latent
        self.steps, self.batch_size, self.seed = steps, batch_size, seed
        self.loss, self.augmentations, self.flip = loss, tuple(augmentations or ()), flip
        self.r1, self.r1_every = r1, r1_every
        self.generator_rate, self.critic_rate, self.momentum = learning_rate, critic_rate, momentum
        self.schedule, self.ema = schedule, ema
        self.crop, self.first, self.data_terms = crop, first, data_terms
        self.model_options: Mapping[str, Any] = {}

    @abstractmethod
    def prior(self) -> AdversarialPrior:
        """Return the prior, not trained yet; ``model_options`` make the same."""

    def check(self) -> None:
        """Raise UsageError for options of which no prior can be made, before anything is read or drawn."""
        with torch.device("meta"):
            self.prior()

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read the images into memory. Raises InputError for one alone."""
        self.images, told = load_squares(
            folder, self.size, progress, colors=self.colors, crop=self.crop, first=self.first
        )
        if len(self.images) < 2:
            raise InputError(f"there is one image in {folder}, and a prior of one makes that one", "name a set of them")
        return told

    def build(self) -> Sequence[Phase]:
        """Make the prior and the optimisers of its two halves."""
        prior = self.prior()
        betas = (self.momentum, 0.999)

        def change(image: Tensor) -> Tensor:
            return augment(image, self.augmentations)

        def judge(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            due = self.r1 > 0 and int(batch["step"]) % self.r1_every == 0
            penalty = self.r1 * self.r1_every if due else 0.0
            return d_step(
                prior.discriminator, prior.generator, self.loss, batch["real"], batch["z_critic"],
                change=change, penalty=penalty,
            )  # fmt: skip

        def generate(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            # The whole prior is this phase's network, and the critic's gradients are those of its own turn.
            prior.discriminator.zero_grad(set_to_none=True)
            return g_step(prior.generator, prior.discriminator, self.loss, batch["real"], batch["z"], change=change)

        return [
            Phase(
                name="critic", network=prior.discriminator, objective=judge,
                optimizer=torch.optim.Adam(prior.discriminator.parameters(), lr=self.critic_rate, betas=betas),
            ),
            Phase(
                name="generator", network=prior, objective=generate,
                optimizer=torch.optim.Adam(prior.generator.parameters(), lr=self.generator_rate, betas=betas),
            ),
        ]  # fmt: skip

    def batch(self, step: int) -> Batch:
        """Return random images, latents for each of the two turns, and the number of the step."""
        rng = randomness(self.seed, step)
        real = self._real(torch.from_numpy(rng.integers(len(self.images), size=self.batch_size)))
        if self.flip:
            mirrored = torch.from_numpy(rng.random(self.batch_size) < 0.5)
            real = torch.where(mirrored[:, None, None, None], real.flip(-1), real)
        z = torch.from_numpy(rng.uniform(-1, 1, (2, self.batch_size, self.latent))).float()
        return {"real": real, "z_critic": z[0], "z": z[1], "step": torch.tensor(step)}

    def _real(self, numbers: Tensor) -> Tensor:
        return self.images[numbers] / 255.0

    def learning_rate(self, step: int) -> float:
        """Stay, or fall linearly in the second half."""
        return 1.0 if self.schedule == "constant" else late(step - 1, self.steps)

    def settle(self, network: nn.Module) -> None:
        """Give batch norms the statistics of the population; those of a critic see real images too."""
        assert isinstance(network, AdversarialPrior)
        device = next(network.parameters()).device
        draws = torch.Generator().manual_seed(self.seed)
        judged = any(isinstance(module, nn.BatchNorm2d) for module in network.discriminator.modules())
        with population_statistics(network):
            for _ in range(POPULATION // PORTION):
                fake = network.decode(network.sample(PORTION, draws).to(device))
                if judged:
                    network.critic(fake)
                    network.critic(self._real(torch.randint(len(self.images), (PORTION,), generator=draws)).to(device))

    def pictures(self, network: nn.Module, folder: Path | None) -> Mapping[str, Tensor]:
        """Return images of latents that are the same each time."""
        assert isinstance(network, AdversarialPrior)
        z = network.sample(SHOWN, torch.Generator().manual_seed(self.seed))
        return {"samples": network.decode(z.to(next(network.parameters()).device))}
