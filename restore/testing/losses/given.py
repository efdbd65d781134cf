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
from restore.testing.pictures import Hole, noise, pictures
from restore.testing.subject import Subject


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


def given(subject: Subject, n: int = 3, channels: int = 3, *, amount: float = 0.1, dtype: Any = torch.float32) -> Given:
    """Return pictures as targets, and as predictions the same with noise.

    Args:
        subject: the loss.
        n: samples, all different.
        channels: 1 or 3.
        amount: standard deviation of the noise; 0: prediction and target are equal, and two tensors.
        dtype: of both.
    """
    target = pictures(n, channels).to(dtype)
    prediction = (target + amount * noise(target)).clamp(0, 1) if amount else target.clone()
    return Given(prediction=prediction, target=target, spec=spec_of(subject))


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
