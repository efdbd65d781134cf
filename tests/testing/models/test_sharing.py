"""Threads, processes, and the caller's own tensors."""

from __future__ import annotations

import sys
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import inputs_are_left_alone, pickles, thread_safe


class Good(Model):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, observation):
        return self.layer(observation.image)


class Filling(Model):
    def forward(self, observation):
        return torch.where(observation.mask > 0.5, 0.5, observation.image)


class Sampling(Model):
    def forward(self, observation):
        return observation.image + torch.randn_like(observation.image)


class SkipOnSelf(Good):
    """What is added at the end lies where other threads lay theirs."""

    def forward(self, observation):
        self.skip = observation.image
        return self.layer(self.skip).relu() + self.skip


class SizeOnSelf(Good):
    """The size to which the padding is cut off again."""

    def forward(self, observation):
        self.height, self.width = observation.image.shape[2:]
        padded = F.pad(observation.image, (0, 8 - self.width % 8, 0, 8 - self.height % 8))
        return self.layer(padded)[..., : self.height, : self.width]


class StepsOnSelf(Model):
    """Each line reads what the last one left."""

    def forward(self, observation):
        self.image = observation.image
        self.half = self.image * 0.5
        return self.half + 0.5 * self.image


class OneBuffer(Model):
    """Only images of one size share it."""

    def forward(self, observation):
        self.work = torch.empty_like(observation.image)
        self.work.copy_(observation.image)
        self.work += 1
        return self.work.div(2)


class Clamping(Model):
    def forward(self, observation):
        return observation.image.mul_(0.5)


class MaskEating(Model):
    def forward(self, observation):
        observation.mask.zero_()
        return observation.image


class Locked(Good):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


class Forgetful(Model):
    gain = 0.5

    def __init__(self):
        super().__init__()
        self.gain = 0.75

    def __getstate__(self):
        return {key: value for key, value in self.__dict__.items() if key != "gain"}

    def forward(self, observation):
        return observation.image * self.gain


@pytest.mark.parametrize("check", [thread_safe, inputs_are_left_alone, pickles], ids=lambda check: check.name)
@pytest.mark.parametrize(("made", "task"), [(Good, "denoising"), (Filling, "inpainting")])
def test_good(judged, check, made, task):
    interval = sys.getswitchinterval()
    assert judged(check, made, task=task) is None
    assert sys.getswitchinterval() == interval


@pytest.mark.parametrize("made", [SkipOnSelf, SizeOnSelf, StepsOnSelf, OneBuffer])
def test_threads_that_meet_on_self(judged, made):
    said = judged(thread_safe, made)
    assert "4 threads" in said
    assert "results are others" in said or "RuntimeError" in said
    assert "local variables" in said


def test_threads_of_what_draws(judged):
    with pytest.raises(Inapplicable, match="it is stochastic"):
        judged(thread_safe, Sampling, stochastic=True)


def test_an_image_that_is_written_to(judged):
    said = judged(inputs_are_left_alone, Clamping)
    assert "found: its image was written to" in said
    assert "clone" in said


def test_a_mask_that_is_written_to(judged):
    assert "found: its mask was written to" in judged(inputs_are_left_alone, MaskEating, task="inpainting")


def test_what_cannot_be_pickled(judged):
    said = judged(pickles, Locked)
    assert "cannot pickle '_thread.lock' object" in said
    assert "__getstate__" in said


def test_a_pickle_that_loses_a_number(judged):
    assert "results that differ in 100.0% of the values" in judged(pickles, Forgetful)
