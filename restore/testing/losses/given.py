"""What a loss is given in a check: as much as its descriptor says that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from restore.contracts import Loss, Observation
from restore.errors import DamagedWeightsError, WeightsError
from restore.plugin import LossSpec
from restore.testing.check import Inapplicable
from restore.testing.pictures import HEIGHT, WIDTH, Hole, noise, pictures
from restore.testing.subject import Subject

INSIDE = (0.01, 0.99)


def critic(image: Tensor) -> Tensor:
    """Return logits ``(B,)``, higher for darker images with less contrast: an opinion, smooth in every pixel."""
    return 1 - 2 * image.flatten(1).square().mean(1)


@dataclass(frozen=True, kw_only=True)
class Given:
    """The arguments of one call."""

    prediction: Tensor
    target: Tensor
    spec: LossSpec

    @property
    def observation(self) -> Observation | None:
        """Of the target, where the loss needs one."""
        if "observation" not in self.spec.needs:
            return None
        return Hole().observe(self.target.detach(), torch.Generator())

    def __len__(self) -> int:
        return len(self.prediction)

    def sample(self, index: int) -> Given:
        """Return one sample as a batch of its own."""
        one = slice(index, index + 1)
        return replace(self, prediction=self.prediction[one], target=self.target[one])

    def noisy(self, amount: float) -> Given:
        """Return the same with Gaussian noise of this standard deviation on the target as prediction."""
        return self.predicting(self.target + amount * noise(self.target)) if amount else self

    def predicting(self, prediction: Tensor) -> Given:
        """Return the same with another prediction, inside of ``[0, 1]``: a loss may clamp, and is flat beyond."""
        return replace(self, prediction=prediction.clamp(*INSIDE))

    def ask(self, loss: Loss) -> Tensor:
        """Return the value of a loss. Raises Inapplicable where weights that it sees with are not here."""
        context: Mapping[str, Any] | None = {"critic": critic} if "critic" in self.spec.needs else None
        target = self.target if "target" in self.spec.needs else None
        try:
            value: Tensor = loss(self.prediction, target, observation=self.observation, context=context)
        except DamagedWeightsError:
            raise
        except WeightsError as error:
            raise Inapplicable(f"{error.message}; {error.cure}") from error
        return value


def spec_of(subject: Subject) -> LossSpec:
    """Return the descriptor as that of a loss."""
    assert isinstance(subject.spec, LossSpec)
    return subject.spec


def given(
    subject: Subject, n: int = 3, channels: int | None = None, *, amount: float = 0.1, dtype: Any = torch.float32
) -> Given:
    """Return pictures as targets, and as predictions the same with noise.

    Args:
        subject: the loss.
        n: samples, all different.
        channels: of those that it takes; None: the most.
        amount: standard deviation of the noise; 0: prediction and target are equal, and two tensors.
        dtype: of both.
    """
    spec = spec_of(subject)
    height, width = max(HEIGHT, spec.min_size + 2), max(WIDTH, spec.min_size)
    target = pictures(n, channels or max(spec.channels), height=height, width=width).to(dtype)
    return Given(prediction=target.clone(), target=target, spec=spec).noisy(amount)


def build(subject: Subject) -> Loss:
    """Return the loss. Raises Inapplicable where weights that it sees with are not here."""
    try:
        made: Loss = subject.build()
    except DamagedWeightsError:
        raise
    except WeightsError as error:
        raise Inapplicable(f"{error.message}; {error.cure}") from error
    return made


def in_float64(loss: Loss) -> Loss:
    """Return the loss with its parameters and buffers in float64."""
    return loss.double() if isinstance(loss, nn.Module) else loss
