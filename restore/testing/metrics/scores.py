"""The scores of a metric: their shape, their independence, and that all ways to give an image agree."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from restore.testing.check import check, require
from restore.testing.metrics.given import ask, build, given, needs_images, spec_of
from restore.testing.subject import Subject

CLOSE = 1e-6
"""Share by which a sample's score may differ with its neighbours in the batch."""
LEVELS = 1e-4
"""Share by which the scores of uint8 and of the same levels in float32 may differ."""


@check("one finite float64 for each sample, gray or RGB as declared, alone or in a batch")
def one_score_per_sample(subject: Subject) -> None:
    """Means over images are the benchmark's, which keeps the scores of each."""
    metric = build(subject)
    channels = spec_of(subject).channels if spec_of(subject).compares == "images" else (1,)
    for count in channels:
        for n in (1, 4):
            scores = ask(metric, given(subject, metric, n, count))
            right = isinstance(scores, Tensor) and scores.shape == (n,) and scores.dtype == torch.float64
            require(
                right,
                expected=f"a tensor ({n},) of float64 for {n} samples with {count} channels",
                found=f"{tuple(scores.shape)}, {scores.dtype}" if isinstance(scores, Tensor) else type(scores).__name__,
                cure="average over each sample, .flatten(1).mean(1), in .double()",
            )
            require(
                bool(torch.isfinite(scores).all()) or spec_of(subject).compares == "labels",
                expected="finite scores of images that differ",
                found=f"{scores.tolist()} with {count} channels",
                cure="look for a logarithm, a root or a division at zero",
            )


@check("a sample's score is the same alone as in a batch")
def batch_equals_singles(subject: Subject) -> None:
    """Within a relative 1e-6."""
    metric = build(subject)
    batch = given(subject, metric)
    together = ask(metric, batch)
    alone = torch.cat([ask(metric, batch.sample(index)) for index in range(len(batch))])
    require(
        together.shape == alone.shape and torch.allclose(together, alone, rtol=CLOSE, atol=CLOSE),
        expected="the scores of a batch are those of its samples one by one",
        found=f"{together.tolist()} together, {alone.tolist()} alone",
        cure="let no statistic and no sum run over the first dimension",
    )


@check("uint8 images and the same levels as float give one score")
def uint8_equals_float(subject: Subject) -> None:
    """Within a relative 1e-4; levels are 0 to 255 in uint8 and 0 to 1 in float."""
    needs_images(subject)
    metric = build(subject)
    call = given(subject, metric)
    levels = [image.mul(255).round().byte() for image in (call.prediction, call.target)]
    floats = [image.float() / 255 for image in levels]
    coarse, fine = (ask(metric, replace(call, prediction=p, target=t)) for p, t in (levels, floats))
    require(
        torch.allclose(coarse, fine, rtol=LEVELS, atol=LEVELS),
        expected="one score, whichever way an image is given",
        found=f"{coarse.tolist()} of uint8, {fine.tolist()} of float in [0, 1]",
        cure="bring both to one range first: protocol.prepare(image) gives 0 to 255",
    )
