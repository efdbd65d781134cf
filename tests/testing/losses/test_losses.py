"""Each check of losses passes a good one and catches a planted defect, with the numbers that tell it."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor

from restore.contracts import Loss
from restore.errors import InputError, WeightsError
from restore.plugin import LossSpec, MetricSpec
from restore.testing.blame import blame
from restore.testing.check import CheckFailed, Inapplicable
from restore.testing.losses import CHECKS


class Squared(Loss):
    """The good one; its parts are what defects replace."""

    def forward(self, prediction, target, *, observation=None, context=None):
        return self.reduce((prediction - target.detach()) ** 2)

    def reduce(self, difference: Tensor) -> Tensor:
        return difference.flatten(1).mean(1)


class Absolute(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        return self.reduce((prediction - target.detach()).abs())


class Charbonnier(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        return self.reduce(((prediction - target.detach()) ** 2 + 1e-6).sqrt())


class TotalVariation(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        assert target is None
        return self.reduce(prediction.diff(dim=-1).abs()) + self.reduce(prediction.diff(dim=-2).abs())


class Adversarial(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        return torch.nn.functional.softplus(-context["critic"](prediction))


class Contextual(Squared):
    """Of semantic inpainting: what is known must fit."""

    def forward(self, prediction, target, *, observation=None, context=None):
        known = 1 - observation.mask
        assert 0 < float(known.mean()) < 1
        return self.reduce(known * (prediction - target.detach()).abs())


class Perceptual(Squared):
    """Looks through a network of random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 4, 3)

    def forward(self, prediction, target, *, observation=None, context=None):
        see = [self.layer(image.expand(-1, 3, -1, -1)).relu() for image in (prediction, target.detach())]
        return self.reduce((see[0] - see[1]) ** 2)


class Clamping(Squared):
    """Flat where a prediction has left the range."""

    def forward(self, prediction, target, *, observation=None, context=None):
        return super().forward(prediction.clamp(0, 1), target)


class OnlyRGB(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        if prediction.shape[1] != 3:
            raise InputError("the image is gray", "give an RGB image")
        weights = prediction.new_tensor([0.3, 0.6, 0.1]).view(1, 3, 1, 1)
        return self.reduce((prediction - target.detach()) ** 2 * weights)


class Pyramid(Squared):
    """Halves an image four times, and wants 11 pixels even then."""

    def forward(self, prediction, target, *, observation=None, context=None):
        if min(prediction.shape[-2:]) < 161:
            raise InputError("the image is too small", "give 161 x 161 pixels or more")
        return super().forward(*(torch.nn.functional.avg_pool2d(x, 16) for x in (prediction, target)))


GOOD = {
    "squared": LossSpec(name="x", factory=f"{__name__}:Squared", at_equality="zero", minimum=0.0, maximum=1.0),
    "absolute": LossSpec(name="x", factory=f"{__name__}:Absolute", at_equality="zero", minimum=0, maximum=1),
    "charbonnier": LossSpec(name="x", factory=f"{__name__}:Charbonnier", at_equality="minimal", minimum=0.0),
    "tv": LossSpec(name="x", factory=f"{__name__}:TotalVariation", needs=(), minimum=0.0, maximum=2.0),
    "adversarial": LossSpec(name="x", factory=f"{__name__}:Adversarial", needs=("critic",), minimum=0.0),
    "contextual": LossSpec(
        name="x", factory=f"{__name__}:Contextual", needs=("target", "observation"), at_equality="zero", minimum=0.0
    ),
    "perceptual": LossSpec(name="x", factory=f"{__name__}:Perceptual", at_equality="zero", minimum=0.0),
    "clamping": LossSpec(name="x", factory=f"{__name__}:Clamping", at_equality="zero", minimum=0.0),
    "rgb": LossSpec(name="x", factory=f"{__name__}:OnlyRGB", at_equality="zero", minimum=0.0, channels=(3,)),
    "pyramid": LossSpec(name="x", factory=f"{__name__}:Pyramid", at_equality="zero", minimum=0.0, min_size=161),
}
UNDECLARED = {
    ("tv", "value-at-equality"), ("tv", "no-gradient-into-the-target"),
    ("adversarial", "value-at-equality"), ("adversarial", "no-gradient-into-the-target"),
}  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", GOOD)
def test_a_good_loss_passes(subject_of, name, check):
    if (name, check.name) in UNDECLARED:
        with pytest.raises(Inapplicable):
            check(subject_of(GOOD[name]))
    else:
        check(subject_of(GOOD[name]))


class OneNumber(Squared):
    def reduce(self, difference):
        return difference.mean()


class PerPixel(Squared):
    def reduce(self, difference):
        return difference


class LogOfZero(Squared):
    """Not finite: the logarithm of a negative number."""

    def reduce(self, difference):
        return (super().reduce(difference) - 1).log()


class ColumnOfValues(Squared):
    def reduce(self, difference):
        return difference.flatten(1).mean(1, keepdim=True)


class OverTheBatch(Squared):
    """Divides by the batch's own spread."""

    def reduce(self, difference):
        return super().reduce(difference) / difference.std()


class Offset(Squared):
    def reduce(self, difference):
        return super().reduce(difference) + 0.25


class WrongSign(Squared):
    def reduce(self, difference):
        return -super().reduce(difference)


class Darker(Squared):
    """Prefers what is a tenth darker than the target."""

    def forward(self, prediction, target, *, observation=None, context=None):
        return super().forward(prediction, target * 0.9)


class Brighter(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        return super().forward(prediction, target + 0.05)


class Smoothing(Squared):
    """Noise makes it larger, and so does the target's own texture."""

    def forward(self, prediction, target, *, observation=None, context=None):
        rough = sum(self.reduce(prediction.diff(dim=dim) ** 2) for dim in (-1, -2))
        return super().forward(prediction, target) + 2 * rough


class Sparse(Squared):
    """Pulls every other column a little: neither brightness, contrast nor blur tells."""

    def forward(self, prediction, target, *, observation=None, context=None):
        pull = 1 - 2 * (torch.arange(prediction.shape[-1]) % 2)
        return super().forward(prediction, target) + 0.01 * (1 + (prediction * pull).flatten(1).mean(1))


class Rooted(Squared):
    """A root at zero."""

    def reduce(self, difference):
        return super().reduce(difference).sqrt()


class Rebuilt(Squared):
    """As in a port of SRGAN: a tensor made of the number."""

    def reduce(self, difference):
        return torch.tensor(super().reduce(difference).tolist())


class OfACopy(Squared):
    """A gradient, but not of the prediction."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, prediction, target, *, observation=None, context=None):
        return self.weight * super().forward(prediction.detach(), target)


class FirstOnly(Squared):
    """The gradient of the other samples is cut."""

    def forward(self, prediction, target, *, observation=None, context=None):
        return super().forward(torch.cat([prediction[:1], prediction[1:].detach()]), target)


class HalfDetached(Squared):
    """The value of a square with the gradient of half of it."""

    def forward(self, prediction, target, *, observation=None, context=None):
        difference = prediction - target.detach()
        return self.reduce(difference * difference.detach())


class IntoTarget(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        return self.reduce((prediction - target) ** 2)


class Dropping(Squared):
    def reduce(self, difference):
        return super().reduce(torch.nn.functional.dropout(difference, 0.5))


class Counting(Squared):
    calls = 0

    def reduce(self, difference):
        self.calls += 1
        return super().reduce(difference) * self.calls


class InPlace(Squared):
    def forward(self, prediction, target, *, observation=None, context=None):
        if not target.requires_grad:
            target.mul_(0.5)
        return super().forward(prediction, target)


class Disturbing(Squared):
    def reduce(self, difference):
        random.random()
        torch.set_grad_enabled(False)
        return super().reduce(difference)


DEFECTS = [
    (
        "one-value-per-sample",
        "OneNumber",
        {},
        ["(1,) for 1 samples", "found: (), torch.float32", ".flatten(1).mean(1)"],
    ),
    ("one-value-per-sample", "PerPixel", {}, ["(1, 1, 45, 37)"]),
    ("one-value-per-sample", "LogOfZero", {}, ["nan", "logarithm"]),
    ("one-value-per-sample", "ColumnOfValues", {}, ["(1, 1)"]),
    ("one-value-per-sample", "OnlyRGB", {}, ["the image is gray"]),
    ("batch-equals-singles", "OverTheBatch", {}, ["together", "alone", "first dimension"]),
    ("value-at-equality", "Offset", {"at_equality": "zero"}, ["0.25", "at_equality='zero'"]),
    ("value-at-equality", "WrongSign", {"at_equality": "minimal"}, ["with noise of 0.01", "sign"]),
    ("value-at-equality", "Darker", {"at_equality": "minimal"}, ["a brightness of -0.05", "at equality"]),
    ("value-at-equality", "Brighter", {"at_equality": "minimal"}, ["a brightness of +0.05"]),
    ("value-at-equality", "Smoothing", {"at_equality": "minimal"}, ["a blur of 3 x 3 pixels", "prediction alone"]),
    ("value-at-equality", "Sparse", {"at_equality": "minimal"}, ["a step of 0.001 down its gradient"]),
    ("value-at-equality", "Rooted", {"at_equality": "zero"}, ["a finite gradient at equality", "small number inside"]),
    ("values-in-range", "WrongSign", {"minimum": 0.0}, ["between 0 and inf", "-"]),
    ("values-in-range", "Offset", {"maximum": 1.0}, ["between -inf and 1", "1.25", "black against white"]),
    ("gradient-reaches-the-prediction", "Rebuilt", {}, ["requires_grad is False", "torch.tensor"]),
    ("gradient-reaches-the-prediction", "OfACopy", {}, ["none that leads to the prediction", "prediction.detach()"]),
    ("gradient-reaches-the-prediction", "FirstOnly", {}, ["0.0, 0.0]"]),
    ("gradient-is-the-slope", "HalfDetached", {}, ["claimed", "measured"]),
    ("no-gradient-into-the-target", "IntoTarget", {}, ["a gradient of up to", "target.detach()"]),
    ("same-inputs-same-result", "Dropping", {}, ["draw nothing"]),
    ("same-inputs-same-result", "Counting", {}, ["remember nothing"]),
    ("inputs-are-left-alone", "InPlace", {}, ["target: the same", "changed by up to 0.4"]),
    ("process-is-left-alone", "Disturbing", {}, ["Python's random generator", "torch.is_grad_enabled()"]),
]


@pytest.mark.parametrize(("name", "factory", "declared", "words"), DEFECTS, ids=lambda value: str(value)[:32])
def test_a_defect_is_caught(subject_of, name, factory, declared, words):
    [check] = [check for check in CHECKS if check.name == name]
    state = torch.get_rng_state()
    with pytest.raises(CheckFailed) as caught:
        _judge(check, subject_of(LossSpec(name="x", factory=f"{__name__}:{factory}", **declared)))
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def _judge(check, subject):
    """Run a check as the runner does: what the loss raises is a failure too."""
    try:
        check(subject)
    except InputError as error:
        raise blame(error, check.summary, "tests") from error


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"channels": ()}, "channels of 'x' must be counts"),
        ({"channels": (0,)}, "channels"),
        ({"min_size": 0}, "min_size"),
    ],
)
@pytest.mark.parametrize("spec", [LossSpec, MetricSpec])
def test_images_that_cannot_be_are_refused_by_the_descriptor(spec, declared, words):
    with pytest.raises(ValueError, match=words):
        spec(name="x", factory="a:b", **declared)


def test_every_check_has_a_defect():
    assert {name for name, *_ in DEFECTS} == {check.name for check in CHECKS}


@pytest.mark.parametrize("name", ["value-at-equality", "values-in-range"])
def test_what_is_not_declared_is_not_asked_for(subject_of, name):
    [check] = [check for check in CHECKS if check.name == name]
    with pytest.raises(Inapplicable, match="descriptor"):
        check(subject_of(LossSpec(name="x", factory=f"{__name__}:Squared")))


class Blind(Squared):
    """Finds out when it is asked."""

    def reduce(self, difference):
        raise WeightsError("the weights eyes are not here", "restore weights fetch eyes")


class BlindAtOnce(Squared):
    def __init__(self) -> None:
        raise WeightsError("the weights eyes are not here", "restore weights fetch eyes")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("factory", ["Blind", "BlindAtOnce"])
def test_absent_weights_are_no_failure(subject_of, check, factory):
    spec = LossSpec(name="x", factory=f"{__name__}:{factory}", at_equality="zero", minimum=0.0)
    with pytest.raises(Inapplicable, match="restore weights fetch eyes"):
        check(subject_of(spec))
