"""LR-consistency: the original is consistent with what was observed of it, a changed one is as far as was changed."""

from __future__ import annotations

import math

import pytest
import torch

from restore.benchmark import Protocol
from restore.contracts import Degradation, Observation
from restore.errors import InputError
from restore.registry import registry
from restore_measurement.consistency import LRConsistency

EXACT = Protocol(id="exact", degraded_rounding="none")
FILES = Protocol(id="files", rounding="uint8")


def picture(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


class Half(Degradation):
    """Take every second pixel, times what was drawn."""

    scale = 2

    def draw(self, image, generator):
        return {"share": [0.5] * len(image)}

    def forward(self, image, params):
        return image[..., ::2, ::2] * image.new_tensor(params["share"]).view(-1, 1, 1, 1)


@pytest.mark.parametrize("name", ["bicubic", "gaussian-noise", "jpeg"])
def test_the_original_is_consistent_with_what_was_drawn(name):
    degradation = registry().find("degradation", name).build()
    image = (picture(2, 3, 32, 32) * 255).round() / 255
    observation = degradation.observe(image, torch.Generator().manual_seed(3))
    assert LRConsistency()(image, image, EXACT, observation=observation).tolist() == [math.inf] * 2
    as_files = Observation(
        image=(observation.image.clamp(0, 1) * 255).round() / 255, degradation=degradation, params=observation.params
    )
    for kind in (image, (image * 255).round().byte()):
        assert LRConsistency()(kind, image, FILES, observation=as_files).tolist() == [math.inf] * 2


def test_a_change_that_is_seen_and_one_that_is_not():
    """0.2 added to the pixels that are taken, times 0.5: 0.1 off everywhere, 20 dB."""
    image = picture(1, 3, 8, 8) * 0.5
    observation = Half().observe(image, torch.Generator())
    seen, unseen = image.clone(), image.clone()
    seen[..., ::2, ::2] += 0.2
    unseen[..., 1::2, :] += 0.2
    assert LRConsistency()(seen, image, EXACT, observation=observation).item() == pytest.approx(20, abs=1e-5)
    assert LRConsistency()(unseen, image, EXACT, observation=observation).item() == math.inf


def test_half_a_level_counts_only_where_nothing_is_rounded():
    image = torch.full((1, 1, 8, 8), 100 / 255)
    observation = Half().observe(image, torch.Generator())
    nearly = image + 0.4 / 255
    assert LRConsistency()(nearly, image, FILES, observation=observation).item() == math.inf
    assert LRConsistency()(nearly, image, EXACT, observation=observation).item() < 70


@pytest.mark.parametrize("observation", [None, Observation(image=torch.zeros(1, 1, 4, 4))])
def test_without_a_degradation(observation):
    with pytest.raises(InputError, match="needs the observed image"):
        LRConsistency()(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8), EXACT, observation=observation)
