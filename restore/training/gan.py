"""Adversarial training as mathematics: losses of logits, the gradient penalty, the critic's accuracy.

Logits are ``(B, ...)``, higher for likelier images; those of a patch critic are averaged over their places last.
Every loss is one value a sample, ``(B,)``, in the logits' precision but at least float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Kind = Literal["vanilla", "lsgan", "hinge", "relativistic"]


def critic_loss(kind: Kind, real: Tensor, fake: Tensor) -> Tensor:
    """Return what a critic minimises, ``(B,)``.

    With ``s`` the sigmoid and ``r``, ``f`` the logits of real and fake images:

    - ``vanilla``: ``-log s(r) - log(1 - s(f))`` (Goodfellow et al., NIPS 2014, equation 1);
    - ``lsgan``: ``((r - 1)**2 + f**2) / 2`` (Mao et al., ICCV 2017, equation 9);
    - ``hinge``: ``max(0, 1 - r) + max(0, 1 + f)`` (Miyato et al., ICLR 2018, equation 17);
    - ``relativistic``: ``-log s(r - mean f) - log(1 - s(f - mean r))`` (Jolicoeur-Martineau, ICLR 2019, section 4;
      Wang et al., ESRGAN, ECCV Workshops 2018, equation 1). The means are over the batch and all places.
    """
    real, fake = _precise(real), _precise(fake)
    if kind == "vanilla":
        return _mean(F.softplus(-real)) + _mean(F.softplus(fake))
    if kind == "lsgan":
        return (_mean((real - 1).square()) + _mean(fake.square())) / 2
    if kind == "hinge":
        return _mean(F.relu(1 - real)) + _mean(F.relu(1 + fake))
    return _mean(F.softplus(fake.mean() - real)) + _mean(F.softplus(fake - real.mean()))


def generator_loss(kind: Kind, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """Return what a generator minimises, ``(B,)``.

    - ``vanilla``: ``-log s(f)``, the form that does not saturate (Goodfellow et al., section 3; SRGAN, equation 6);
    - ``lsgan``: ``(f - 1)**2 / 2``;
    - ``hinge``: ``-f``;
    - ``relativistic``: ``-log(1 - s(r - mean f)) - log s(f - mean r)`` (ESRGAN, equation 2).

    Args:
        kind: as for the critic.
        fake: logits of the generator's images.
        real: logits of real images, which ``relativistic`` needs.
    """
    fake = _precise(fake)
    if kind == "vanilla":
        return _mean(F.softplus(-fake))
    if kind == "lsgan":
        return _mean((fake - 1).square()) / 2
    if kind == "hinge":
        return -_mean(fake)
    assert real is not None, "a relativistic loss compares with real images"
    real = _precise(real)
    return _mean(F.softplus(real - fake.mean())) + _mean(F.softplus(real.mean() - fake))


def gradient_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """Return R1, the squared length of the critic's gradient at real images, ``(B,)``.

    ``sum (d logit / d image)**2`` over channels and pixels (Mescheder et al., ICML 2018, equation 9, which weighs it
    with gamma / 2). The logit of a patch critic is the mean over its places.

    Args:
        logits: of the images, by a critic whose samples do not see each other (no batch norm).
        images: ``(B, C, H, W)``, requiring gradients.
    """
    (slope,) = torch.autograd.grad(_mean(_precise(logits)).sum(), images, create_graph=True)
    return _precise(slope).square().flatten(1).sum(1)


def accuracy(kind: Kind, real: Tensor, fake: Tensor) -> Tensor:
    """Return the share of logits that a critic has on the right side, from 0 to 1; 0.5 is guessing."""
    if kind == "relativistic":
        right_real, right_fake = real > fake.mean(), fake < real.mean()
    else:
        border = 0.5 if kind == "lsgan" else 0.0
        right_real, right_fake = real > border, fake < border
    return (right_real.float().mean() + right_fake.float().mean()) / 2


@contextmanager
def frozen(critic: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let gradients pass through a network, or any function, and none reach its parameters, in what is done within."""
    own = critic.parameters() if isinstance(critic, nn.Module) else ()
    learning = [parameter for parameter in own if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def _precise(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()


def _mean(values: Tensor) -> Tensor:
    """``(B, ...)`` to ``(B,)``."""
    return values.flatten(1).mean(1) if values.ndim > 1 else values
