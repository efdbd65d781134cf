"""Training of SRResNet: on pixel error, or on another sum of losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase
from restore.errors import UsageError
from restore.training import Supervised
from restore.training.patches import Sampling
from restore_srgan.content import build_content, refuse_critics, refuse_unanswered
from restore_srgan.generator import SRResNet, start_as_nearest
from restore_srgan.observed import observed, sample
from restore_srgan.start import find_start

SCALE = 4


class SRResNetX4(Supervised):
    """SRResNet without norms, with a bilinear skip, on absolute error or whatever else ``content`` says."""

    name = "srresnet-x4"
    model = "srresnet"
    protocol = "sr-y"
    upscales: ClassVar[int] = SCALE

    def __init__(
        self,
        steps: int = 6000,
        batch_size: int = 16,
        patch: int = 96,
        learning_rate: float = 4e-4,
        warmup: int = 100,
        blocks: int = 16,
        channels: int = 64,
        ema: float = 0.998,
        clip: float | None = 1.0,
        content: str = "l1",
        degradation: str | None = None,
        sampling: Sampling = "area",
        init: str | None = None,
        data_terms: str = "",
        seed: int = 0,
    ) -> None:
        """Say what is learnt, and from what.

        Args:
            steps: optimisation steps.
            batch_size: patches a step.
            patch: side of a high-resolution patch, in pixels; one costs nearly four times as much at x2 as at x4.
            learning_rate: of Adam, at the start; it falls to 0 along a cosine.
            warmup: steps over which the learning rate rises.
            blocks: residual blocks.
            channels: feature channels.
            ema: decay of the moving average of the weights.
            clip: largest norm of the gradient; none: as it comes.
            content: a weighted sum of losses.
            degradation: what makes the low-resolution image; none: bicubic, by the recipe's scale.
            sampling: area, so that every patch is as likely as any other, or image, so that every image is.
            init: weights to start from: ``model.tag``, or a safetensors file that a recipe wrote; none: at random. Of
                weights of another scale the upsampling is left at random. The log and the card say what was taken.
            data_terms: terms of the training images, for the card.
            seed: of the initial weights and of the patches.
        """
        options = {"scale": self.upscales, "blocks": blocks, "channels": channels, "norm": "none", "skip": "bilinear"}
        super().__init__(
            degradation=f"bicubic:scale={self.upscales}" if degradation is None else degradation,
            model_options=options, steps=steps, batch_size=batch_size, patch=patch, learning_rate=learning_rate,
            warmup=warmup, ema=ema, clip=clip, sampling=sampling, data_terms=data_terms, seed=seed,
        )  # fmt: skip
        if self.scale != self.upscales:
            raise UsageError(
                f"{degradation} downscales by {self.scale}, and {self.name} upscales by {self.upscales}",
                f"give one that downscales by {self.upscales}: "
                f"--set 'degradation=bicubic:scale={self.upscales}|jpeg:quality=50'",
            )
        self.content = content
        self.start = None if init is None else find_start(init)
        if self.start is not None:
            self.started_from = self.start.told(self.scale)

    def network(self) -> nn.Module:
        """Return SRResNet with the recipe's options and the weights to start from; a new upsampling prints no grid.

        Raises:
            WeightsError: weights that do not fit.
        """
        made = SRResNet(**self.model_options)
        start_as_nearest(made.upsampling)
        if self.start is not None:
            self.start.fill(made)
        return made

    def build(self) -> Sequence[Phase]:
        """Make the network and its Adam; the terms of the content are logged, each times its weight.

        Raises:
            UsageError: a content that cannot be minimised.
        """
        objective = build_content(self.content)
        refuse_critics(objective)
        refuse_unanswered(objective, *sample(self.harm, self.patch, draws=self._draws))
        network = self.network()

        def restore(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            seen = observed(self.harm, batch, draws=self._draws)
            terms = objective.weighted(network(seen), batch["original"], observation=seen)
            logged = {name: values.mean().detach() for name, values in terms.items()} if len(terms) > 1 else {}
            return torch.stack(tuple(terms.values())).sum(0).mean(), logged

        optimizer = torch.optim.Adam(network.parameters(), lr=self.initial_rate)
        return [Phase(name="network", network=network, optimizer=optimizer, objective=restore)]


class SRResNetX2(SRResNetX4):
    """The same for x2."""

    name = "srresnet-x2"
    upscales = 2
