"""The two steps of adversarial training, as functions of networks and a batch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from restore.contracts import Observation
from restore.objective import Objective, gradient_norms
from restore.training.gan import Kind, accuracy, critic_loss, gradient_penalty

ADVERSARIAL = "adversarial"
"""Name of the term that asks the critic; all others are content."""

Outcome = tuple[Tensor, Mapping[str, Tensor]]
"""The scalar to minimise, and what is worth logging."""


def d_step(
    critic: nn.Module, generator: nn.Module, kind: Kind, low: Observation, high: Tensor, *, penalty: float = 0.0
) -> Outcome:
    """Return what the critic minimises: its loss on real and restored images.

    Args:
        critic: from images in [0, 1] to logits.
        generator: from an observation to images; no gradient reaches it.
        kind: of adversarial loss.
        low: ``(B, 3, h, w)``.
        high: ``(B, 3, H, W)``, the real images.
        penalty: weight of R1, gamma / 2; 0: it is not computed.

    Returns:
        The loss with ``accuracy``, ``real`` and ``fake`` (mean logits), and ``r1`` where it was computed, unweighted.
    """
    with torch.no_grad():
        fake = generator(low)
    high = high.detach().requires_grad_(penalty > 0)
    on_real, on_fake = critic(high), critic(fake)
    loss = critic_loss(kind, on_real, on_fake).mean()
    terms = {
        "accuracy": accuracy(kind, on_real, on_fake),
        "real": on_real.float().mean(),
        "fake": on_fake.float().mean(),
    }
    if penalty > 0:
        terms["r1"] = gradient_penalty(on_real, high).mean()
        loss = loss + penalty * terms["r1"]
    return loss, {name: value.detach() for name, value in terms.items()}


def g_step(
    generator: nn.Module,
    critic: nn.Module,
    objective: Objective,
    low: Observation,
    high: Tensor,
    *,
    measure: bool = False,
) -> Outcome:
    """Return what the generator minimises: the objective of its restored images.

    Args:
        generator: from an observation to images.
        critic: from images to logits; its parameters get no gradient.
        objective: content terms, and one called ``adversarial``.
        low: ``(B, 3, h, w)``, with its degradation where a term asks for it.
        high: ``(B, 3, H, W)``, what should come out.
        measure: also return the lengths of the terms' gradients at the images, which costs a backward pass each.

    Returns:
        The loss with its weighted terms; measured, also ``gradient_NAME`` of each, ``gradient_content`` of all but the
        adversarial one, and ``gradient_ratio``, adversarial over content.
    """
    restored = generator(low)
    terms = objective.weighted(restored, high, observation=low, context={"critic": critic})
    logged = {name: values.mean().detach() for name, values in terms.items()}
    if measure:
        content = [values for name, values in terms.items() if name != ADVERSARIAL]
        parts = {**terms, "content": torch.stack(content).sum(0)} if content else terms
        norms = gradient_norms(parts, restored)
        logged |= {f"gradient_{name}": norm for name, norm in norms.items()}
        if content and ADVERSARIAL in norms:
            logged["gradient_ratio"] = norms[ADVERSARIAL] / norms["content"]
    return torch.stack(tuple(terms.values())).sum(0).mean(), logged
