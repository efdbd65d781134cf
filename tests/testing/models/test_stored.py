"""The state's way through a file."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import state_goes_through_safetensors


class Good(Model):
    """Two layers share their numbers."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 3, 3, padding=1)
        self.second.weight = self.first.weight
        self.register_buffer("mean", torch.rand(3, 1, 1))

    def forward(self, observation):
        return self.second(self.first(observation.image - self.mean))


class Without(Model):
    def forward(self, observation):
        return observation.image


class Beside(Good):
    """Numbers that are neither parameter nor buffer."""

    def __init__(self):
        super().__init__()
        self.gain = torch.rand(3, 1, 1)

    def forward(self, observation):
        return super().forward(observation) * self.gain


class Unsaved(Good):
    def __init__(self):
        super().__init__()
        self.register_buffer("gain", torch.rand(3, 1, 1), persistent=False)

    def forward(self, observation):
        return super().forward(observation) * self.gain


class WithObject(Good):
    def get_extra_state(self):
        return {"trained": "yesterday"}

    def set_extra_state(self, state):
        pass


class OfAnyWidth(Model):
    """How wide it is is left to chance."""

    def __init__(self):
        super().__init__()
        width = int(torch.randint(1, 100, ()))
        self.layers = nn.Sequential(nn.Conv2d(3, width, 1), nn.Conv2d(width, 3, 1))

    def forward(self, observation):
        return self.layers(observation.image)


class InDouble(Good):
    """Files hold float32."""

    def __init__(self):
        super().__init__()
        self.register_buffer("offset", torch.rand(3, 1, 1, dtype=torch.float64))

    def forward(self, observation):
        return (super().forward(observation) + self.offset * 1000).sin()


def test_good(judged):
    assert judged(state_goes_through_safetensors, Good) is None


@pytest.mark.parametrize("made", [Beside, Unsaved])
def test_what_is_not_in_the_state(judged, made):
    said = judged(state_goes_through_safetensors, made)
    assert "results that differ in" in said
    assert "parameters or persistent buffers" in said


def test_an_object_in_the_state(judged):
    said = judged(state_goes_through_safetensors, WithObject)
    assert "_extra_state is a dict" in said


def test_a_network_whose_shape_is_drawn(judged):
    said = judged(state_goes_through_safetensors, OfAnyWidth)
    assert "does not fit the network" in said
    assert "follow from the options alone" in said


def test_what_files_cannot_hold(judged):
    assert "in float32" in judged(state_goes_through_safetensors, InDouble)


def test_no_state(judged):
    with pytest.raises(Inapplicable, match="no state"):
        judged(state_goes_through_safetensors, Without)
