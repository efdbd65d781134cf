"""Each check of metrics passes a good one and catches a planted defect, with the numbers that tell it."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from restore.errors import WeightsError
from restore.plugin import MetricSpec
from restore.registry import registry
from restore.testing.check import CheckFailed, Inapplicable
from restore.testing.metrics import CHECKS
from restore.testing.subject import Subject


class MAE:
    """The good one; its parts are what defects replace."""

    higher_is_better: ClassVar[bool] = False

    def __call__(self, prediction, target, protocol):
        return self.reduce(self.levels(prediction, protocol), self.levels(target, protocol))

    def levels(self, image, protocol) -> Tensor:
        return protocol.prepare(image).double()

    def reduce(self, first: Tensor, second: Tensor) -> Tensor:
        return (first - second).abs().flatten(1).mean(1)


class PSNR(MAE):
    higher_is_better = True

    def reduce(self, first, second):
        return 10 * (255**2 / ((first - second) ** 2).flatten(1).mean(1)).log10()


class Known(MAE):
    """Compares what was observed; takes the observation."""

    def __call__(self, prediction, target, protocol, *, observation=None):
        known = 1 - observation.mask.double()
        seen = self.levels(observation.image, protocol)
        return self.reduce(known * self.levels(prediction, protocol), known * seen)


class Accuracy:
    higher_is_better = True

    def __call__(self, prediction, target, protocol):
        return (prediction == target).double()


HERE = f"{__name__}:"
GOOD = {
    "mae": MetricSpec(name="x", factory=HERE + "MAE", identity=0.0, symmetric=True),
    "psnr": MetricSpec(name="x", factory=HERE + "PSNR", identity=math.inf, symmetric=True),
    "known": MetricSpec(name="x", factory=HERE + "Known", identity=0.0),
    "accuracy": MetricSpec(name="x", factory=HERE + "Accuracy", compares="labels", identity=1.0, symmetric=True),
}
UNDECLARED = {("known", "symmetry"), ("accuracy", "uint8-equals-float")}
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


@every_check
@pytest.mark.parametrize("name", GOOD)
def test_a_good_metric_passes(subject_of, name, check):
    if (name, check.name) in UNDECLARED:
        with pytest.raises(Inapplicable):
            check(subject_of(GOOD[name]))
    else:
        check(subject_of(GOOD[name]))


@every_check
@pytest.mark.parametrize("name", ["psnr", "ssim", "lpips", "lr-consistency", "accuracy"])
def test_our_own_pass(name, check):
    try:
        check(Subject(component=registry().find("metric", name)))
    except Inapplicable as reason:
        told = str(reason)
        assert "descriptor does not" in told or "labels" in told or "restore weights fetch lpips-alex" in told


class OneNumber(MAE):
    def reduce(self, first, second):
        return (first - second).abs().mean()


class Single(MAE):
    def reduce(self, first, second):
        return super().reduce(first, second).float()


class Undefined(MAE):
    def reduce(self, first, second):
        return (-super().reduce(first, second)).log()


class OverTheBatch(MAE):
    def reduce(self, first, second):
        return super().reduce(first, second) / first.std()


class RangeByType(MAE):
    """Forgets that float ends at 1."""

    def levels(self, image, protocol):
        return image.double()


class WrongWay(MAE):
    higher_is_better = True


class NoWay(MAE):
    higher_is_better = None


class WrongLabels(Accuracy):
    higher_is_better = False


class OneSided(MAE):
    """Rounds the prediction only."""

    def __call__(self, prediction, target, protocol):
        return self.reduce(self.levels(prediction, protocol).round() * 0.99, self.levels(target, protocol))


class Relative(MAE):
    def reduce(self, first, second):
        return super().reduce(first, second) / second.flatten(1).mean(1)


class Sampling(MAE):
    """Looks at half of the pixels."""

    def reduce(self, first, second):
        return super().reduce(*(image * (torch.rand(image.shape[-2:]) < 0.5) for image in (first, second)))


class InPlace(MAE):
    def levels(self, image, protocol):
        return super().levels(image.mul_(0.5) if image.is_floating_point() else image, protocol)


class GradOff(MAE):
    def reduce(self, first, second):
        torch.set_grad_enabled(False)
        return super().reduce(first, second)


class GradOn(MAE):
    def reduce(self, first, second):
        torch.set_grad_enabled(True)
        np.random.random()
        return super().reduce(first, second)


DEFECTS = [
    ("one-score-per-sample", "OneNumber", {}, ["(1,) of float64", "found: (), torch.float64"]),
    ("one-score-per-sample", "Single", {}, ["torch.float32", ".double()"]),
    ("one-score-per-sample", "Undefined", {}, ["nan", "logarithm"]),
    ("batch-equals-singles", "OverTheBatch", {}, ["together", "alone"]),
    ("uint8-equals-float", "RangeByType", {}, ["of uint8", "protocol.prepare(image)"]),
    ("direction", "WrongWay", {}, ["higher_is_better=True", "with 0.02 of noise"]),
    ("direction", "NoWay", {}, ["found: None", "ClassVar[bool]"]),
    ("direction", "WrongLabels", {"compares": "labels"}, ["[1.0] with 0 of wrong labels, [0.5] with 0.5"]),
    ("identity", "MAE", {"identity": 1.0}, ["1 for identical samples", "[0.0, 0.0, 0.0, 0.0]"]),
    ("identity", "WrongWay", {"identity": 0.0}, ["no better score than that of identical samples"]),
    ("identity", "OneSided", {"identity": 0.0}, ["done to only one of the two"]),
    ("symmetry", "Relative", {"symmetric": True}, ["and exchanged", "leave symmetric out"]),
    ("same-inputs-same-result", "Sampling", {}, ["draw nothing"]),
    ("inputs-are-left-alone", "InPlace", {}, ["the prediction is the same", "changed by up to 0.5"]),
    ("process-is-left-alone", "GradOff", {}, ["torch.is_grad_enabled()"]),
    ("process-is-left-alone", "GradOn", {}, ["numpy's random generator"]),
]


@pytest.mark.parametrize(("name", "factory", "declared", "words"), DEFECTS, ids=lambda value: str(value)[:32])
def test_a_defect_is_caught(subject_of, name, factory, declared, words):
    [check] = [check for check in CHECKS if check.name == name]
    with pytest.raises(CheckFailed) as caught:
        check(subject_of(MetricSpec(name="x", factory=HERE + factory, **declared)))
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert torch.is_grad_enabled()


def test_every_check_has_a_defect():
    assert {name for name, *_ in DEFECTS} == {check.name for check in CHECKS}


class Blind(MAE):
    """Finds out when it is asked."""

    def reduce(self, first, second):
        raise WeightsError("the weights eyes are not here", "restore weights fetch eyes")


class BlindAtOnce(MAE):
    def __init__(self) -> None:
        self.reduce(None, None)

    reduce = Blind.reduce


@every_check
@pytest.mark.parametrize("factory", ["Blind", "BlindAtOnce"])
def test_absent_weights_are_no_failure(subject_of, check, factory):
    spec = MetricSpec(name="x", factory=HERE + factory, identity=0.0, symmetric=True)
    with pytest.raises(Inapplicable, match="the weights eyes are not here; restore weights fetch eyes"):
        check(subject_of(spec))
