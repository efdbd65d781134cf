"""The values of a loss: their shape, their independence, and what the descriptor says of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from restore.testing.check import Inapplicable, check, require
from restore.testing.losses.given import Given, build, given, spec_of
from restore.testing.subject import Subject

CLOSE = 1e-5
"""Share by which a sample's value may differ with its neighbours in the batch, for the order of sums."""
ZERO = 1e-6
"""What counts as zero, and as equal, in float32."""


@check("one finite value for each sample, gray or RGB as declared, alone or in a batch")
def one_value_per_sample(subject: Subject) -> None:
    """A loss that averages over the batch hides which sample is bad, and cannot be weighted by sample."""
    loss = build(subject)
    for channels in spec_of(subject).channels:
        for n in (1, 3):
            value = given(subject, n, channels).ask(loss)
            shown = f"{tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            require(
                isinstance(value, Tensor) and value.shape == (n,) and value.is_floating_point(),
                expected=f"a float tensor ({n},) for {n} samples with {channels} channels",
                found=shown if not isinstance(value, Tensor) else f"{shown}, {value.dtype}",
                cure="reduce each sample on its own, .flatten(1).mean(1), and leave the batch to the caller",
            )
            require(
                bool(torch.isfinite(value).all()),
                expected="finite values",
                found=f"{value.tolist()} for {channels} channels",
                cure="look for a logarithm, a root or a division at zero",
            )


@check("a sample's value is the same alone as in a batch")
def batch_equals_singles(subject: Subject) -> None:
    """Within a relative 1e-5."""
    loss = build(subject)
    batch = given(subject)
    together = batch.ask(loss).detach().double()
    alone = torch.cat([batch.sample(index).ask(loss) for index in range(len(batch))]).detach().double()
    require(
        together.shape == alone.shape and torch.allclose(together, alone, rtol=CLOSE, atol=ZERO),
        expected="the values of a batch are those of its samples one by one",
        found=f"{numbers(together)} together, {numbers(alone)} alone",
        cure="let no statistic and no sum run over the first dimension",
    )


@check("values lie in the declared range")
def values_in_range(subject: Subject) -> None:
    """Looked at for equal images, little noise, much noise, and black against white."""
    spec = spec_of(subject)
    if spec.minimum is None and spec.maximum is None:
        raise Inapplicable("its descriptor declares neither minimum nor maximum")
    low = -math.inf if spec.minimum is None else spec.minimum
    high = math.inf if spec.maximum is None else spec.maximum
    loss = build(subject)
    black = torch.zeros_like(given(subject, 2).target)
    calls = {
        "equal images": given(subject, amount=0),
        "noise of 0.01": given(subject, amount=0.01),
        "noise of 0.3": given(subject, amount=0.3),
        "black against white": Given(prediction=black, target=1 - black, spec=spec),
        "white against black": Given(prediction=1 - black, target=black, spec=spec),
    }
    for name, call in calls.items():
        value = call.ask(loss).detach().double()
        slack = ZERO * (1 + value.abs())
        require(
            bool(((value >= low - slack) & (value <= high + slack)).all()),
            expected=f"values between {low:g} and {high:g}, as declared (minimum, maximum)",
            found=f"{numbers(value)} for {name}",
            cure="correct the formula, or the declaration; images are in [0, 1]",
        )


def numbers(value: Tensor) -> str:
    """Return values in words: ``[0.5, 0.25]``."""
    return "[" + ", ".join(f"{number:.6g}" for number in value.flatten().tolist()) + "]"
