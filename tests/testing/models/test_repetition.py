"""The same again, whatever came between or beside."""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import batch_equals_singles, eval_mode, same_inputs_same_result, stateless


class Good(Model):
    """A network with all that has a mode."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.InstanceNorm2d(4),
            nn.Conv2d(4, 3, 3, padding=1),
        )  # fmt: skip

    def forward(self, observation):
        return observation.image + self.layers(observation.image)


class Sampling(Model):
    """Draws from the generator that seeds reach."""

    def forward(self, observation):
        return observation.image + 0.1 * torch.randn_like(observation.image)


class OwnGenerator(Model):
    def __init__(self):
        super().__init__()
        self.generator = torch.Generator().manual_seed(0)

    def forward(self, observation):
        return observation.image + torch.rand((), generator=self.generator)


class PythonsGenerator(Model):
    def forward(self, observation):
        return observation.image * random.random()


class Recurrent(Model):
    """Blends in what it made before."""

    before = 0.5

    def forward(self, observation):
        made = 0.9 * observation.image + 0.1 * self.before
        self.before = float(made.mean())
        return made


class Counting(Model):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, observation):
        self.calls += 1
        return observation.image


class Cached(Model):
    """What is kept between calls is keyed by all that it depends on."""

    def __init__(self):
        super().__init__()
        self.ramps = {}

    def forward(self, observation):
        width = observation.image.shape[3]
        ramp = self.ramps.setdefault(width, torch.linspace(0.9, 1, width))
        return observation.image * ramp


class LastMean(Model):
    """The mean of the first image of a size stands for those after it."""

    mean = None

    def forward(self, observation):
        image = observation.image
        if self.mean is None or self.mean.shape[2:] != image.shape[2:]:
            self.mean = image.mean((0, 1), keepdim=True)
        return 0.95 * image + 0.05 * self.mean


class SizeCache(Model):
    """What depends on the image is kept by its size."""

    def __init__(self):
        super().__init__()
        self.means = {}

    def forward(self, observation):
        image = observation.image
        return image + 0.01 * self.means.setdefault(image.shape, image.mean())


class FirstSize(Model):
    """Keeps the size of the first image that it saw."""

    size = None

    def forward(self, observation):
        self.size = self.size or observation.image.shape[2:]
        return observation.image * self.size[0] / 100


class Dropping(Good):
    """Stays in training mode, so that batch norms count and dropout drops."""

    def train(self, mode=True):
        return super().train(True)


class Switching(Good):
    def forward(self, observation):
        self.layers[3].train()
        return observation.image


class Folding(Good):
    """Folds its weights each time that it is set to eval, and never unfolds them."""

    def train(self, mode=True):
        if not mode:
            with torch.no_grad():
                self.layers[0].weight *= 2
        return super().train(mode)


class WithoutStatistics(Model):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, observation):
        return self.norm(observation.image)


class OfTheBatch(Model):
    def forward(self, observation):
        image = observation.image
        return F.batch_norm(image, None, None, training=True)


class Brightest(Model):
    def forward(self, observation):
        return observation.image / observation.image.max()


ALL = [same_inputs_same_result, stateless, eval_mode, batch_equals_singles]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
@pytest.mark.parametrize("made", [Good, Cached])
def test_good(judged, check, made):
    assert judged(check, made) is None


@pytest.mark.parametrize("check", [same_inputs_same_result, stateless, eval_mode], ids=lambda check: check.name)
def test_what_draws_by_the_seed(judged, check):
    assert judged(check, Sampling) is None


@pytest.mark.parametrize("made", [OwnGenerator, PythonsGenerator])
def test_generators_that_go_on(judged, made):
    said = judged(same_inputs_same_result, made)
    assert "results that differ in 100.0% of the values" in said
    assert "torch's global generator" in said


@pytest.mark.parametrize(
    ("made", "image"),
    [
        (Recurrent, "a dark image of A's size"),
        (LastMean, "a dark image of A's size"),
        (SizeCache, "a dark image of A's size"),
        (FirstSize, "image B, of another size,"),
    ],
)
def test_state_between_calls(judged, made, image):
    said = judged(stateless, made)
    assert f"the same bits of {image} whatever was shown before" in said
    assert "keep nothing on self" in said


def test_a_buffer_that_counts(judged):
    assert "found: calls changed" in judged(stateless, Counting)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (Dropping, "is in training mode"),
        (Switching, "layers.3 is in training mode"),
        (WithoutStatistics, "norm keeps none and takes those of the batch"),
        (Folding, "results that differ"),
    ],
)
def test_modes(judged, made, found):
    assert found in judged(eval_mode, made)


def test_statistics_that_are_counted_in_eval_mode(judged):
    assert "running_mean" in judged(stateless, Dropping)


@pytest.mark.parametrize("made", [OfTheBatch, Brightest, WithoutStatistics, LastMean, SizeCache])
def test_images_that_see_each_other(judged, made):
    said = judged(batch_equals_singles, made)
    assert "three images in a batch" in said
    assert "results that differ in" in said


def test_only_what_is_declared_stochastic_is_excused(judged):
    assert "three images in a batch" in judged(batch_equals_singles, Sampling)


def test_a_batch_of_what_draws(judged):
    with pytest.raises(Inapplicable, match="it is stochastic"):
        judged(batch_equals_singles, Sampling, stochastic=True)
