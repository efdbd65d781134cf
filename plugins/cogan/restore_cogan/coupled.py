"""Coupled adversarial training: what all recipes of this plugin have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase, Recipe
from restore.training.data import generator as randomness
from restore.training.gan import Kind
from restore.training.numbers import check_number
from restore.training.population import population_statistics
from restore.training.schedule import late
from restore_cogan.prior import CoGAN
from restore_cogan.steps import d_step, g_step
from restore_cogan.warping import warped

Schedule = Literal["constant", "linear"]
SHOWN = 64
"""Pairs in a picture of the training."""
POPULATION, PORTION = 4096, 128
"""Latents that the statistics of batch norms are measured over, and how many at once."""


class CoupledRecipe(Recipe):
    """Critics and generators in turn, Adam with weight decay, statistics of the population.

    A subclass reads the two domains in ``load_data`` and may score what is learnt. What is exported is the whole prior,
    critics and all. Its own options it names itself; these it takes as ``**options``, which makes them its own too.

    Args:
        steps: optimisation steps of each pair of networks.
        batch_size: images a step, of each domain.
        width: share of the channels of the paper's generators.
        tied: layers that the generators have in common, from the noise on; 0: two GANs of their own.
        critic_tied: layers that the critics have in common, to the judgement.
        latent: how many numbers a latent has.
        dropout: share of a critic's features that its judgement does without.
        loss: ``vanilla`` (not saturating), ``lsgan``, ``hinge``, ``relativistic``.
        consistency: weight of the squared distance between the features of a generated pair.
        learning_rate: of the generators' Adam, at the start.
        critic_rate: of the critics'.
        momentum: Adam's first beta, of both.
        weight_decay: of both, of weights alone.
        schedule: ``constant``; ``linear``: it falls to nothing in the second half.
        ema: decay of the moving average of the weights; 0: none.
        data_terms: terms of the training images, for the card.
        seed: of the initial weights, the images and the latents.

    Raises:
        UsageError: a number that makes no sense.
    """

    names: tuple[str, str]
    """Of the domains."""
    classes: int = 0
    """That the critics tell apart."""
    classification: float = 0.0
    """Weight of the cross-entropy of the first domain's labels."""
    affine: float = 0.0
    """Strength of random affine transforms of the images."""
    images: tuple[Tensor, Tensor]
    """Of the two domains, uint8 ``(N, 1, 28, 28)`` each."""
    labels: Tensor | None = None
    """Of the first domain, ``(N,)``."""

    def __init__(
        self,
        steps: int = 25_000,
        batch_size: int = 128,
        width: float = 1.0,
        tied: int = 4,
        critic_tied: int = 3,
        latent: int = 100,
        dropout: float = 0.5,
        loss: Kind = "vanilla",
        consistency: float = 0.0,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        momentum: float = 0.5,
        weight_decay: float = 5e-4,
        schedule: Schedule = "constant",
        ema: float = 0.0,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        check_number("steps", steps, least=1)
        check_number("batch_size", batch_size, least=2)
        check_number("learning_rate", learning_rate, above=0)
        check_number("critic_rate", critic_rate, above=0)
        check_number("momentum", momentum, least=0, below=1)
        check_number("ema", ema, least=0, below=1)
        check_number("weight_decay", weight_decay, least=0)
        check_number("consistency", consistency, least=0)
        self.steps, self.batch_size, self.seed = steps, batch_size, seed
        self.loss, self.consistency = loss, consistency
        self.generator_rate, self.critic_rate = learning_rate, critic_rate
        self.momentum, self.weight_decay = momentum, weight_decay
        self.schedule, self.ema, self.data_terms = schedule, ema, data_terms
        options = {
            "names": self.names, "tied": tied, "critic_tied": critic_tied, "width": width, "latent": latent,
            "dropout": dropout,
        }  # fmt: skip
        self.model_options = {**options, "classes": self.classes} if self.classes else options
        with torch.device("meta"):  # refused before anything is read or drawn
            self.prior()

    def prior(self) -> CoGAN:
        """Return the prior, not trained yet."""
        return CoGAN(**self.model_options)

    def build(self) -> Sequence[Phase]:
        """Make the prior and the optimisers of its two halves."""
        prior = self.prior()

        def judge(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            return d_step(
                prior.discriminator, prior.generator, self.loss, batch["first"], batch["second"], batch["z_critic"],
                labels=batch.get("label"), classification=self.classification, consistency=self.consistency,
            )  # fmt: skip

        def generate(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            # The whole prior is this phase's network, and the critics' gradients are those of their own turn.
            prior.discriminator.zero_grad(set_to_none=True)
            return g_step(
                prior.generator, prior.discriminator, self.loss, batch["first"], batch["second"], batch["z"]
            )  # fmt: skip

        return [
            Phase(
                name="critic", network=prior.discriminator, objective=judge,
                optimizer=self._adam(prior.discriminator, self.critic_rate),
            ),
            Phase(
                name="generator", network=prior, objective=generate,
                optimizer=self._adam(prior.generator, self.generator_rate),
            ),
        ]  # fmt: skip

    def _adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        groups = decayed(network.parameters(), self.weight_decay)
        return torch.optim.Adam(groups, lr=rate, betas=(self.momentum, 0.999))

    def batch(self, step: int) -> Batch:
        """Return random images of each domain, no pairs, with labels if there are any, and latents for each turn."""
        rng = randomness(self.seed, step)
        chosen, others = (torch.from_numpy(rng.integers(len(part), size=self.batch_size)) for part in self.images)
        latent = int(self.model_options["latent"])
        z = torch.from_numpy(rng.uniform(-1, 1, (2, self.batch_size, latent))).float()
        labelled = {} if self.labels is None else {"label": self.labels[chosen]}
        first, second = self.images[0][chosen] / 255.0, self.images[1][others] / 255.0
        if self.affine:
            first, second = warped(first, self.affine, rng), warped(second, self.affine, rng)
        return {"first": first, "second": second, "z_critic": z[0], "z": z[1], **labelled}

    def learning_rate(self, step: int) -> float:
        """Stay, or fall linearly in the second half."""
        return late(step - 1, self.steps) if self.schedule == "linear" else 1.0

    def settle(self, network: nn.Module) -> None:
        """Give the generators' batch norms the statistics of the population."""
        assert isinstance(network, CoGAN)
        device = next(network.parameters()).device
        draws = torch.Generator().manual_seed(self.seed)
        with population_statistics(network):
            for _ in range(POPULATION // PORTION):
                network.decode_pair(network.sample(PORTION, draws).to(device))

    @abstractmethod
    def score(self, network: nn.Module) -> Mapping[str, float]:
        """Return how well the two domains belong together."""

    def pictures(self, network: nn.Module, folder: object) -> Mapping[str, Tensor]:
        """Return pairs of latents that are the same each time."""
        assert isinstance(network, CoGAN)
        z = network.sample(SHOWN, torch.Generator().manual_seed(self.seed))
        return {"samples": network.decode(z.to(next(network.parameters()).device))}


def decayed(parameters: Iterable[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Return groups for an optimiser: weight decay on what multiplies, none on biases, shifts and slopes."""
    listed = [*parameters]
    return [
        {"params": [one for one in listed if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in listed if one.ndim <= 1], "weight_decay": 0.0},
    ]
