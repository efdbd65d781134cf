"""The two steps of adversarial training without an observation, as functions of networks and a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.training import gan

Kind = Literal["vanilla", "minimax", "lsgan", "hinge", "relativistic"]
"""Of adversarial loss: as restore.training.gan has them, ``vanilla`` not saturating; and the game as it is, minimax."""
Network = Callable[[Tensor], Tensor]
Outcome = tuple[Tensor, Mapping[str, Tensor]]
"""The scalar to minimise, and what is worth logging."""


def d_step(
    critic: Network, generator: Network, kind: Kind, real: Tensor, z: Tensor, *, change: Network, penalty: float = 0.0
) -> Outcome:
    """Return what the critic minimises: its loss on real and generated images.

    Args:
        critic: from images in [0, 1] to logits.
        generator: from latents to images; no gradient reaches it.
        kind: of adversarial loss.
        real: ``(B, C, H, W)``.
        z: ``(B, ...)``.
        change: what is done to images before the critic sees them, differentiable.
        penalty: weight of R1, gamma / 2; 0: it is not computed.

    Returns:
        The loss with ``accuracy``, ``real`` and ``fake`` (mean logits), and ``r1`` where it was computed, unweighted.
    """
    with torch.no_grad():
        fake = generator(z)
    real = real.detach().requires_grad_(penalty > 0)
    on_real, on_fake = critic(change(real)), critic(change(fake))
    told = _critics_kind(kind)
    loss = gan.critic_loss(told, on_real, on_fake).mean()
    terms = {
        "accuracy": gan.accuracy(told, on_real, on_fake),
        "real": on_real.float().mean(),
        "fake": on_fake.float().mean(),
    }
    if penalty > 0:
        terms["r1"] = gan.gradient_penalty(on_real, real).mean()
        loss = loss + penalty * terms["r1"]
    return loss, {name: value.detach() for name, value in terms.items()}


def g_step(generator: Network, critic: Network, kind: Kind, real: Tensor, z: Tensor, *, change: Network) -> Outcome:
    """Return what the generator minimises, and the mean logit.

    Args:
        generator: from latents to images.
        critic: from images to logits; its parameters get no gradient.
        kind: of adversarial loss.
        real: ``(B, C, H, W)``, which ``relativistic`` compares with.
        z: ``(B, ...)``.
        change: what is done to images before the critic sees them, differentiable.
    """
    with gan.frozen(critic):
        on_fake = critic(change(generator(z)))
        on_real = critic(change(real)) if kind == "relativistic" else None
    loss = minimax_loss(on_fake) if kind == "minimax" else gan.generator_loss(kind, on_fake, on_real)
    return loss.mean(), {"fake": on_fake.float().mean().detach()}


def minimax_loss(fake: Tensor) -> Tensor:
    """Return ``log(1 - s(f))``, ``(B,)``, of equation 1 of Goodfellow et al. (NIPS 2014).

    Its slope vanishes where the critic is sure, which is why section 3 of the paper trains with ``-log s(f)``.
    """
    return -F.softplus(fake.float())


def _critics_kind(kind: Kind) -> gan.Kind:
    """The critic plays the same game, whichever of its two forms the generator minimises."""
    return "vanilla" if kind == "minimax" else kind
