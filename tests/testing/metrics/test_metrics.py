"""Each check of metrics passes a good one and catches a planted defect, with the numbers that tell it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from restore.errors import InputError, WeightsError
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


class Prepared(MAE):
    """Compares what is prepared, and takes a mask."""

    def __call__(self, prediction, target, protocol, *, mask=None):
        return self.compare_prepared(protocol.prepare(prediction), protocol.prepare(target), protocol, mask=mask)

    def compare_prepared(self, prediction, target, protocol, *, mask=None):
        weights = torch.ones_like(prediction[:, :1]) if mask is None else mask
        border = protocol.border() if mask is not None else 0
        weights = weights[..., border : weights.shape[-2] - border, border : weights.shape[-1] - border].double()
        off = (prediction.double() - target.double()).abs().mean(1, keepdim=True)
        return (off * weights).flatten(1).sum(1) / weights.flatten(1).sum(1)


class OnlyRGB(MAE):
    def levels(self, image, protocol):
        if image.shape[1] != 3:
            raise InputError("the image is gray", "give an RGB image")
        return super().levels(image, protocol)


class Pyramid(MAE):
    def levels(self, image, protocol):
        levels = super().levels(image, protocol)
        if min(levels.shape[-2:]) < 161:
            raise InputError("the image is too small", "give 161 x 161 pixels or more")
        return torch.nn.functional.avg_pool2d(levels, 16)


class Accuracy:
    higher_is_better = True

    def __call__(self, prediction, target, protocol):
        return (prediction == target).double()


HERE = f"{__name__}:"
GOOD = {
    "mae": MetricSpec(name="x", factory=HERE + "MAE", identity=0.0, symmetric=True),
    "psnr": MetricSpec(name="x", factory=HERE + "PSNR", identity=math.inf, symmetric=True),
    "known": MetricSpec(name="x", factory=HERE + "Known", identity=0.0, follows_protocol=False),
    "prepared": MetricSpec(name="x", factory=HERE + "Prepared", identity=0.0, symmetric=True),
    "rgb": MetricSpec(name="x", factory=HERE + "OnlyRGB", identity=0.0, symmetric=True, channels=(3,)),
    "pyramid": MetricSpec(name="x", factory=HERE + "Pyramid", identity=0.0, symmetric=True, min_size=161),
    "accuracy": MetricSpec(name="x", factory=HERE + "Accuracy", compares="labels", identity=1.0, symmetric=True),
}
UNDECLARED = {
    ("known", "symmetry"), ("known", "protocol-is-followed"),
    ("accuracy", "uint8-equals-float"), ("accuracy", "protocol-is-followed"),
    *((name, "compare-prepared-agrees") for name in GOOD if name != "prepared"),
    *((name, "mask-is-measured") for name in GOOD if name != "prepared"),
}  # fmt: skip
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
        excuses = ("descriptor does not", "labels", "restore weights fetch lpips-alex", "follows_protocol=False",
                   "no compare_prepared", "no mask")  # fmt: skip
        assert any(excuse in told for excuse in excuses)


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


class OwnRange(MAE):
    """Brings both to one range, and that is all that it does of the protocol."""

    def levels(self, image, protocol):
        return image.double() if image.dtype == torch.uint8 else image.double() * 255


class NoRounding(MAE):
    def levels(self, image, protocol):
        return super().levels(image, replace(protocol, rounding="none"))


class AllChannels(MAE):
    def levels(self, image, protocol):
        return super().levels(image, replace(protocol, color="rgb"))


class TwoFormulas(Prepared):
    """The call is a root of what benchmarks record."""

    def __call__(self, prediction, target, protocol, *, mask=None):
        return super().__call__(prediction, target, protocol, mask=mask).sqrt()


class MaskForTheCallOnly(Prepared):
    def compare_prepared(self, prediction, target, protocol, **more):
        return super().compare_prepared(prediction, target, protocol)

    def __call__(self, prediction, target, protocol, *, mask=None):
        prepared = protocol.prepare(prediction), protocol.prepare(target)
        return super().compare_prepared(*prepared, protocol, mask=mask)


class MaskIgnored(MAE):
    def __call__(self, prediction, target, protocol, *, mask=None):
        return super().__call__(prediction, target, protocol)


class MaskTurnedRound(Prepared):
    def compare_prepared(self, prediction, target, protocol, *, mask=None):
        return super().compare_prepared(prediction, target, protocol, mask=None if mask is None else 1 - mask)


DEFECTS = [
    ("protocol-is-followed", "OwnRange", {}, ["border of 4 pixels", "protocol.prepare(prediction)"]),
    ("protocol-is-followed", "NoRounding", {}, ["within 0.4 levels", "instead of [0.0, 0.0"]),
    ("protocol-is-followed", "AllChannels", {}, ["of the luma"]),
    ("compare-prepared-agrees", "TwoFormulas", {}, ["of compare_prepared", "of the call"]),
    ("compare-prepared-agrees", "MaskForTheCallOnly", {}, ["under conformance with a mask"]),
    ("mask-is-measured", "MaskIgnored", {}, ["16 pixels and more from the hole", "or take no mask"]),
    ("mask-is-measured", "MaskTurnedRound", {}, ["with other pixels there"]),
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
    ("inputs-are-left-alone", "InPlace", {}, ["prediction: the same", "changed by up to 0.5"]),
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


class Blind(Prepared):
    """Finds out when it is asked."""

    def compare_prepared(self, prediction, target, protocol, *, mask=None):
        raise WeightsError("the weights eyes are not here", "restore weights fetch eyes")


class BlindAtOnce(Blind):
    def __init__(self) -> None:
        self.compare_prepared(None, None, None)


@every_check
@pytest.mark.parametrize("factory", ["Blind", "BlindAtOnce"])
def test_absent_weights_are_no_failure(subject_of, check, factory):
    spec = MetricSpec(name="x", factory=HERE + factory, identity=0.0, symmetric=True)
    with pytest.raises(Inapplicable, match="the weights eyes are not here; restore weights fetch eyes"):
        check(subject_of(spec))
