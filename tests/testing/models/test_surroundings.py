"""Generators, settings and modes of the process."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import inference_mode, process_is_left_alone, random_draws


class Good(Model):
    def forward(self, observation):
        return observation.image * 0.5


class Sampling(Model):
    def forward(self, observation):
        return observation.image + torch.randn_like(observation.image)


class OwnSeed(Model):
    def forward(self, observation):
        noise = torch.randn(observation.image.shape, generator=torch.Generator().manual_seed(3))
        return observation.image + noise


class Numpys(Model):
    def forward(self, observation):
        return observation.image + float(np.random.rand())


class Pythons(Model):
    def forward(self, observation):
        return observation.image + random.random()


class Seeding(Model):
    def forward(self, observation):
        torch.manual_seed(0)
        return observation.image + torch.randn_like(observation.image)


class Dropping(Model):
    """F.dropout drops unless it is told that this is no training."""

    def forward(self, observation):
        return observation.image + 0.1 * torch.nn.functional.dropout(observation.image)


class Wasteful(Model):
    def forward(self, observation):
        torch.rand(3)
        return observation.image


class GradientsOff(Model):
    def forward(self, observation):
        torch.set_grad_enabled(False)
        return observation.image


class GradientsOn(Model):
    def forward(self, observation):
        torch.set_grad_enabled(True)
        return observation.image


class InDouble(Model):
    def forward(self, observation):
        torch.set_default_dtype(torch.float64)
        return observation.image


class Searching(Model):
    """With gradients of its own, for the length of a with."""

    def forward(self, observation):
        with torch.enable_grad():
            guess = torch.full_like(observation.image, 0.5).requires_grad_()
            (step,) = torch.autograd.grad(((guess - observation.image) ** 2).sum(), guess)
        return guess.detach() - 0.5 * step


class ByVersion(Model):
    def forward(self, observation):
        return observation.image * (1 + 0 * observation.image._version)


class Asking(Model):
    def forward(self, observation):
        return observation.image * (1 if torch.is_inference_mode_enabled() else 2)


@pytest.mark.parametrize("check", [random_draws, process_is_left_alone, inference_mode], ids=lambda check: check.name)
@pytest.mark.parametrize(("made", "stochastic"), [(Good, False), (Sampling, True), (OwnSeed, False)])
def test_good(judged, check, made, stochastic):
    state = torch.get_rng_state()
    assert judged(check, made, stochastic=stochastic) is None
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (Numpys, "a call moves numpy's random generator"),
        (Pythons, "a call moves Python's random generator"),
        (Seeding, "it has one and the same state after"),
        (Wasteful, "two seeds gave one result"),
        (Dropping, "two seeds gave results that differ"),
    ],
)
def test_draws(judged, made, found):
    python, numpy = random.getstate(), np.random.get_state()[1].tolist()
    assert found in judged(random_draws, made)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == (python, numpy)


def test_dropout_is_told_of_training(judged):
    assert "F.dropout(x, training=self.training)" in judged(random_draws, Dropping)


def test_what_is_declared_stochastic_and_is_not(judged):
    assert "leave stochastic out" in judged(random_draws, Good, stochastic=True)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (GradientsOff, "torch.is_grad_enabled() changed"),
        (GradientsOn, "torch.is_grad_enabled() changed"),
        (InDouble, "torch.get_default_dtype() changed"),
    ],
)
def test_settings(judged, made, found):
    assert found in judged(process_is_left_alone, made)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_gradients_for_the_length_of_a_with(judged):
    assert judged(process_is_left_alone, Searching) is None


def test_what_searches_with_gradients_needs_no_inference_mode(judged):
    with pytest.raises(Inapplicable, match="searches with gradients"):
        judged(inference_mode, Searching)


def test_what_fails_in_inference_mode(judged):
    said = judged(inference_mode, ByVersion)
    assert "do not track version counter" in said


def test_what_is_another_in_inference_mode(judged):
    assert "results that differ in 100.0% of the values" in judged(inference_mode, Asking)
