"""The two steps of coupled adversarial training, as functions of networks and a batch.

Equation 4 of the paper, with its constraints in the networks. Every loss is a mean over the images of both domains.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.training import gan
from restore_cogan.critic import CriticPair
from restore_cogan.generator import GeneratorPair

Outcome = tuple[Tensor, Mapping[str, Tensor]]
"""The scalar to minimise, and what is worth logging."""


def d_step(
    critic: CriticPair,
    generator: GeneratorPair,
    kind: gan.Kind,
    first: Tensor,
    second: Tensor,
    z: Tensor,
    *,
    labels: Tensor | None = None,
    classification: float = 0.0,
    consistency: float = 0.0,
) -> Outcome:
    """Return what the critics minimise: their loss on real and generated images of both domains, in one pass.

    Args:
        critic: of both domains.
        generator: of both; no gradient reaches it.
        kind: of adversarial loss.
        first: real images of the first domain, ``(B, 1, 28, 28)``.
        second: of the second, no pairs.
        z: ``(B, latent)``, one for each generated pair.
        labels: of the first domain's images, ``(B,)``; None: they are not classified.
        classification: weight of their cross-entropy.
        consistency: weight of the squared distance between the features of the two images of a generated pair.

    Returns:
        The loss with ``accuracy``, ``real`` and ``fake`` (mean logits), and unweighted ``classification``,
        ``classified`` (share of the labels that are read right) and ``consistency`` where they have a weight.
    """
    with torch.no_grad():
        fake_first, fake_second = generator(z)
    count = len(first)
    of_first, of_second = critic.features(torch.cat([first, fake_first]), torch.cat([second, fake_second]))
    on_first, on_second = critic.judge(of_first, 0), critic.judge(of_second, 1)
    on_real = torch.cat([on_first[:count], on_second[:count]])
    on_fake = torch.cat([on_first[count:], on_second[count:]])
    loss = gan.critic_loss(kind, on_real, on_fake).mean()
    terms = {
        "accuracy": gan.accuracy(kind, on_real, on_fake),
        "real": on_real.float().mean(),
        "fake": on_fake.float().mean(),
    }
    if labels is not None and classification:
        logits = critic.classify(of_first[:count]).float()
        terms["classification"] = F.cross_entropy(logits, labels)
        terms["classified"] = (logits.argmax(1) == labels).float().mean()
        loss = loss + classification * terms["classification"]
    if consistency:
        terms["consistency"] = (of_first[count:] - of_second[count:]).float().square().sum(1).mean()
        loss = loss + consistency * terms["consistency"]
    return loss, {name: value.detach() for name, value in terms.items()}


def g_step(
    generator: GeneratorPair, critic: CriticPair, kind: gan.Kind, first: Tensor, second: Tensor, z: Tensor
) -> Outcome:
    """Return what the generators minimise, and the mean logit.

    Args:
        generator: of both domains.
        critic: of both; its parameters get no gradient.
        kind: of adversarial loss.
        first: real images of the first domain, which ``relativistic`` compares with.
        second: of the second.
        z: ``(B, latent)``.
    """
    with gan.frozen(critic):
        on_fake = torch.cat(critic(*generator(z)))
        on_real = torch.cat(critic(first, second)) if kind == "relativistic" else None
    return gan.generator_loss(kind, on_fake, on_real).mean(), {"fake": on_fake.float().mean().detach()}
