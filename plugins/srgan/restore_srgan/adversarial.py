"""Adversarial training of SRGAN, from weights that were trained on pixel error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase
from restore.errors import UsageError
from restore.objective import Objective, Term
from restore.registry import registry
from restore.training import Supervised
from restore.training.gan import Kind
from restore.training.numbers import check_number
from restore.training.patches import Sampling
from restore.training.schedule import cosine, stepwise
from restore_srgan.content import build_content, refuse_unanswered
from restore_srgan.discriminator import Discriminator, Head, Norm
from restore_srgan.observed import observed, sample
from restore_srgan.recipe import SCALE
from restore_srgan.start import find_start
from restore_srgan.steps import ADVERSARIAL, d_step, g_step

CONTENT = (
    "l1 + consistency:border=2 + 4*checkerboard + "
    "0.03*perceptual:net=vgg19,layers=relu2_2+relu3_4,weights=1+0.15,distance=l1"
)
"""Of the gradients at the image, VGG19's two layers give equal parts, pixels and consistency a tenth of theirs each.

``checkerboard`` keeps the grid that the features call for below what one sees: docs/losses.md has the numbers.
"""


class SRGANX4(Supervised):
    """Perceptual and adversarial training of SRResNet, discriminator and generator in turn.

    Args:
        steps: optimisation steps of each network.
        batch_size: patches a step.
        patch: side of a high-resolution patch, in pixels.
        init: weights to start from: ``model.tag``, or a safetensors file that a recipe wrote.
        content: a weighted sum of losses, all but the adversarial one.
        adversarial: kind of adversarial loss: ``vanilla`` as the paper, ``lsgan``, ``hinge``, ``relativistic``.
        adversarial_weight: of that term; the paper's is 0.001, beside its own content loss.
        head: of the discriminator: ``dense`` as the paper (for patches of a multiple of 16), ``pool``, ``patch``.
        norm: of the discriminator: ``batch`` as the paper, ``spectral``, ``none``.
        channels: of the discriminator's first convolution; the paper's 64.
        r1: weight of the discriminator's gradient penalty, gamma / 2; 0: none. Not with batch norm.
        r1_every: steps from one penalty to the next; each counts as many times as much.
        learning_rate: of the generator's Adam, at the start.
        critic_rate: of the discriminator's.
        schedule: ``cosine``, to nothing; or ``two-stage`` as the paper, a tenth after half of the steps.
        ema: decay of the moving average of the generator's weights.
        measure_every: steps between measurements of the terms' gradients; 0: never.
        degradation: what makes the low-resolution image; one that draws at random leaves the content without
            ``consistency``.
        sampling: area, so that every patch is as likely as any other, or image, so that every image is.
        data_terms: terms of the training images, for the card.
        seed: of the discriminator's initial weights and of the patches.
    """

    name = "srgan-x4"
    model = "srgan"
    protocol = "sr-x4"
    measured: ClassVar[tuple[str, ...]] = ("psnr", "ssim", "lpips", "lr-consistency")

    def __init__(
        self,
        steps: int = 4000,
        batch_size: int = 8,
        patch: int = 96,
        init: str = "srresnet.psnr-x4",
        content: str = CONTENT,
        adversarial: Kind = "relativistic",
        adversarial_weight: float = 0.03,
        head: Head = "patch",
        norm: Norm = "spectral",
        channels: int = 32,
        r1: float = 0.0,
        r1_every: int = 16,
        learning_rate: float = 2e-4,
        critic_rate: float = 2e-4,
        schedule: Literal["cosine", "two-stage"] = "cosine",
        ema: float = 0.999,
        measure_every: int = 50,
        degradation: str = "bicubic:scale=4",
        sampling: Sampling = "area",
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        check_number("critic_rate", critic_rate, above=0)
        check_number("measure_every", measure_every, least=0)
        check_number("adversarial_weight", adversarial_weight, least=0)
        check_number("r1", r1, least=0)
        self.start = find_start(init)
        super().__init__(
            degradation=degradation, model_options=self.start.options, steps=steps, batch_size=batch_size, patch=patch,
            learning_rate=learning_rate, warmup=0, ema=ema, clip=None, sampling=sampling, data_terms=data_terms,
            seed=seed,
        )  # fmt: skip
        if self.scale != SCALE:
            raise UsageError(
                f"{degradation} downscales by {self.scale}, and {self.name} upscales by {SCALE}",
                f"give one that downscales by {SCALE}: --set 'degradation=bicubic:scale={SCALE}|jpeg:quality=50'",
            )
        self.started_from = self.start.told(SCALE)
        if self.start.scale != SCALE:
            raise UsageError(
                f"the weights {init} upscale by {self.start.scale}, not by {SCALE}",
                f"start from weights for x{SCALE}: --set init=srresnet.psnr-x{SCALE}",
            )
        if r1 and norm == "batch":
            raise UsageError(
                "a gradient penalty judges each image by itself, which batch norm prevents",
                "use --set norm=spectral or --set norm=none with --set r1",
            )
        if r1_every < 1:
            raise UsageError(f"a penalty every {r1_every} steps makes no sense", "r1_every is at least 1")
        self.kind, self.adversarial_weight = adversarial, adversarial_weight
        self.head, self.norm, self.channels = head, norm, channels
        self.r1, self.r1_every = r1, r1_every
        self.critic_rate, self.schedule = critic_rate, schedule
        self.measure_every = measure_every
        self.content = content

    def network(self) -> nn.Module:
        """Return the generator with the weights to start from."""
        return self.start.network()

    def build(self) -> Sequence[Phase]:
        """Make the discriminator, the generator, and their optimisers."""
        objective = self._objective()
        critic = Discriminator(head=self.head, size=self.patch, channels=self.channels, norm=self.norm)
        generator = self.network()

        def judge(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            due = self.r1 > 0 and int(batch["step"]) % self.r1_every == 0
            penalty = self.r1 * self.r1_every if due else 0.0
            low = observed(self.harm, batch, draws=self._draws)
            return d_step(critic, generator, self.kind, low, batch["original"], penalty=penalty)

        def restore(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            step = int(batch["step"])
            measure = self.measure_every > 0 and (step == 1 or step % self.measure_every == 0)
            low = observed(self.harm, batch, draws=self._draws)
            return g_step(generator, critic, objective, low, batch["original"], measure=measure)

        return [
            Phase(
                name="discriminator", network=critic, objective=judge,
                optimizer=torch.optim.Adam(critic.parameters(), lr=self.critic_rate),
            ),
            Phase(
                name="generator", network=generator, objective=restore,
                optimizer=torch.optim.Adam(generator.parameters(), lr=self.initial_rate),
            ),
        ]  # fmt: skip

    def batch(self, step: int) -> Batch:
        """Return random patches, and the number of the step."""
        return {**super().batch(step), "step": torch.tensor(step)}

    def learning_rate(self, step: int) -> float:
        """Fall to a tenth after half of the steps, or to nothing along a cosine."""
        if self.schedule == "cosine":
            return cosine(step - 1, self.steps)
        return stepwise(step - 1, [self.steps // 2])

    def _objective(self) -> Objective:
        content = build_content(self.content)
        if any(term.name == ADVERSARIAL for term in content.terms):
            raise UsageError("the content has an adversarial term", "weigh it with --set adversarial_weight")
        refuse_unanswered(content, *sample(self.harm, self.patch, draws=self._draws))
        judged = registry().find("loss", ADVERSARIAL).build(kind=self.kind)
        return Objective([*content.terms, Term(name=ADVERSARIAL, weight=self.adversarial_weight, loss=judged)])
