"""What a metric is given in a check: images, or labels where its descriptor says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from restore.benchmark.pair import extras_of
from restore.benchmark.protocol import Protocol
from restore.contracts import Observation
from restore.errors import DamagedWeightsError, WeightsError
from restore.plugin import MetricSpec
from restore.testing.check import Inapplicable
from restore.testing.pictures import HEIGHT, WIDTH, Hole, noise, pictures
from restore.testing.subject import Subject

BORDER = 4
PROTOCOL = Protocol(id="conformance", summary="whole image, all channels, no rounding")
CROPPED = Protocol(id="conformance-cropped", crop_border=BORDER)
ROUNDED = Protocol(id="conformance-rounded", rounding="uint8")
LUMA = Protocol(id="conformance-luma", color="y")
CLASSES = 7


@dataclass(frozen=True, kw_only=True)
class Given:
    """The arguments of one call."""

    prediction: Tensor
    target: Tensor
    observation: Observation | None = None

    def __len__(self) -> int:
        return len(self.prediction)

    def sample(self, index: int) -> Given:
        """Return one sample as a batch of its own."""
        one = slice(index, index + 1)
        seen = self.observation
        if seen is not None:
            seen = replace(seen, image=seen.image[one], mask=None if seen.mask is None else seen.mask[one])
        return replace(self, prediction=self.prediction[one], target=self.target[one], observation=seen)


def spec_of(subject: Subject) -> MetricSpec:
    """Return the descriptor as that of a metric."""
    assert isinstance(subject.spec, MetricSpec)
    return subject.spec


def build(subject: Subject) -> Any:
    """Return the metric. Raises Inapplicable where weights that it sees with are not here."""
    try:
        return subject.build()
    except DamagedWeightsError:
        raise
    except WeightsError as error:
        raise Inapplicable(f"{error.message}; {error.cure}") from error


def ask(metric: Any, given: Given, protocol: Protocol = PROTOCOL, **more: Any) -> Tensor:
    """Return the scores. Raises Inapplicable where weights that the metric sees with are not here."""
    extra = {"observation": given.observation} if given.observation is not None else {}
    try:
        scores: Tensor = metric(given.prediction, given.target, protocol, **extra, **more)
    except DamagedWeightsError:
        raise
    except WeightsError as error:
        raise Inapplicable(f"{error.message}; {error.cure}") from error
    return scores


def needs_images(subject: Subject) -> None:
    """Raises Inapplicable for a metric of labels."""
    if spec_of(subject).compares != "images":
        raise Inapplicable("it compares labels")


def given(
    subject: Subject, metric: Any, n: int = 4, channels: int | None = None, *, amount: float = 0.1, least: int = 1
) -> Given:
    """Return what is compared; a metric that takes the observation gets one of the target, with a hole.

    Args:
        subject: the metric's.
        metric: as it was built.
        n: samples, all different.
        channels: of those that it takes; None: the most.
        amount: standard deviation of the noise on images, or the share of labels that are wrong; 0: equal.
        least: pixels on each side.
    """
    spec = spec_of(subject)
    if spec.compares == "labels":
        labels = torch.arange(n) % CLASSES
        wrong = torch.arange(n) < round(amount * n)
        return Given(prediction=torch.where(wrong, (labels + 1) % CLASSES, labels), target=labels)
    least = max(least, spec.min_size + 2 * BORDER)
    target = pictures(n, channels or max(spec.channels), height=max(HEIGHT, least + 2), width=max(WIDTH, least))
    prediction = (target + amount * noise(target)).clamp(0, 1) if amount else target.clone()
    seen = Hole().observe(target, torch.Generator()) if "observation" in extras_of(metric) else None
    return Given(prediction=prediction, target=target, observation=seen)
