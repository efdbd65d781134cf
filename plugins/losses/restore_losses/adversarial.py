"""How unlikely a critic finds the prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from restore.contracts import Loss, Observation
from restore.errors import UsageError
from restore.training.gan import Kind, frozen, generator_loss


class Adversarial(Loss):
    """The generator's loss of ``restore.training.gan``, by a critic that the context holds.

    ``context={"critic": network}``, or a function: called with images in [0, 1] it returns logits ``(B, ...)``, higher
    for likelier images. Its parameters get no gradient. Formulae of the kinds, and the critic's own loss and penalty,
    are with ``generator_loss``, ``critic_loss`` and ``gradient_penalty``.

    Args:
        kind: ``vanilla`` (the paper's, non-saturating), ``lsgan``, ``hinge``, or ``relativistic`` (average), which
            judges the target too, and each sample beside its neighbours.
    """

    def __init__(self, kind: Kind = "vanilla") -> None:
        super().__init__()
        self.kind: Kind = kind

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``. Raises UsageError where the critic, or the target that ``relativistic`` needs, is absent."""
        critic = (context or {}).get("critic")
        if critic is None:
            raise UsageError("adversarial asks a critic, and there is none", 'pass context={"critic": network}')
        real: Tensor | None = None
        with frozen(critic):
            if self.kind == "relativistic":
                if target is None:
                    raise UsageError("a relativistic adversarial loss compares with a target, and there is none")
                with torch.no_grad():
                    real = critic(target)
            return generator_loss(self.kind, critic(prediction), real)
