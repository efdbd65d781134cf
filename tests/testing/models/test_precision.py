"""Lower precisions, and another device."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import declared_dtypes, device_changes_nothing

BOTH = ("float32", "bfloat16")


class Good(Model):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, observation):
        return observation.image + 0.1 * self.layer(observation.image)


class Overflowing(Good):
    """In float32 it divides by what it multiplied with; half of the exponent's bits are not enough for that."""

    def forward(self, observation):
        features = self.layer(observation.image)
        if features.dtype == torch.bfloat16:
            features = features.half()
        return observation.image + features * 60000 * 60000 / 60000 / 60000


class Cancelling(Good):
    """The difference of two large numbers."""

    def forward(self, observation):
        lifted = self.layer(observation.image)
        return observation.image + ((lifted + 64) - 64).to(observation.image.dtype)


class Sampling(Good):
    def forward(self, observation):
        return super().forward(observation) + torch.randn_like(observation.image)


class OnTheCpu(Good):
    def forward(self, observation):
        return self.layer(observation.image) * torch.ones(3, 1, 1)


def test_good(judged):
    assert judged(declared_dtypes, Good, dtypes=BOTH) is None


def test_an_overflow(judged):
    said = judged(declared_dtypes, Overflowing, dtypes=BOTH)
    assert "finite values in bfloat16" in said
    assert "leave bfloat16 out of dtypes" in said


def test_numbers_that_bfloat16_cannot_hold(judged):
    said = judged(declared_dtypes, Cancelling, dtypes=BOTH)
    assert "bfloat16 differs from float32" in said
    assert "steps in the mean" in said


@pytest.mark.parametrize(
    ("made", "declared", "reason"),
    [
        (Good, {"dtypes": ("float32",)}, "float32 alone"),
        (Sampling, {"dtypes": BOTH, "stochastic": True}, "it is stochastic"),
    ],
)
def test_nothing_to_say(judged, made, declared, reason):
    with pytest.raises(Inapplicable, match=reason):
        judged(declared_dtypes, made, **declared)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu(judged):
    with pytest.raises(Inapplicable, match="there is none"):
        judged(declared_dtypes, Good, dtypes=("float32", "float16"))
    with pytest.raises(Inapplicable, match="there is no GPU"):
        judged(device_changes_nothing, Good)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_with_a_gpu(judged):
    assert judged(device_changes_nothing, Good) is None
    assert judged(declared_dtypes, Good, dtypes=("float32", "bfloat16", "float16")) is None
    assert "finite values in float16" in judged(declared_dtypes, Overflowing, dtypes=("float32", "float16"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_tensor_that_stays_on_the_cpu(judged):
    with pytest.raises(RuntimeError, match="same device"):
        judged(device_changes_nothing, OnTheCpu)
