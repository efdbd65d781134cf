"""knowing: a model is told what was done to its images, and never the noise."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from restore.composition import Noiseless, build_degradation
from restore.contracts import Degradation, Model
from restore.errors import PluginError, UsageError
from restore.plugin import ModelSpec
from restore.runtime import Restorer

SPEC = ModelSpec(name="told", factory="tests:told", task="restoration", channels=(1, 3), non_blind=True)


class Told(Model):
    """Takes away what the degradation, as it is told of it, adds to black, and enlarges by its scale."""

    def informed(self, spec, degradation):
        return replace(spec, scale=degradation.scale)

    def forward(self, observation):
        if observation.degradation is None:
            return observation.image * 0
        size = [side * observation.degradation.scale for side in observation.image.shape[-2:]]
        black = observation.image.new_zeros(*observation.image.shape[:2], *size)
        left = observation.image - observation.degradation(black, observation.params)
        return torch.nn.functional.interpolate(left, size)


class Brightened(Degradation):
    """Light that is drawn for each image is added."""

    def draw(self, image, generator):
        return {"light": [float(torch.rand((), generator=generator)) / 2 for _ in image]}

    def forward(self, image, params):
        return image + image.new_tensor(params["light"]).view(-1, 1, 1, 1)


def restorer(module=None, **declared):
    return Restorer(
        module or Told(), replace(SPEC, **declared), device=torch.device("cpu"), precision="float32"
    )  # fmt: skip


def drawn(text, image, seed=0):
    return build_degradation(text).observe(image, torch.Generator().manual_seed(seed))


def test_what_was_drawn_reaches_the_model_and_without_it_none_does():
    original, light = torch.rand(1, 3, 5, 6) / 2, Brightened()
    seen = light.observe(original, torch.Generator().manual_seed(0))
    knowing = restorer().knowing(light, seen.params)
    torch.testing.assert_close(knowing(seen.image), original)
    assert not restorer()(seen.image).any()
    for outcome in knowing.map([seen.image[0], seen.image[0]], batch_size=2):
        torch.testing.assert_close(outcome.image, original[0])


def test_each_channel_that_a_gray_model_is_given_is_told_of():
    seen = Brightened().observe(torch.rand(1, 3, 5, 6) / 2, torch.Generator().manual_seed(0))
    knowing = restorer(channels=(1,)).knowing(Brightened(), seen.params)
    torch.testing.assert_close(knowing(seen.image), seen.image - seen.params["light"][0])


@pytest.mark.parametrize("noise", ["gaussian-noise:sigma=0.1", "poisson-noise", "salt-pepper:share=0.2"])
def test_the_noise_that_was_drawn_is_not_told(noise):
    """A model that repeats the degradation has what it observed, noise and all."""
    seen = drawn(noise, torch.rand(1, 3, 16, 16))
    restored = restorer().knowing(seen.degradation, seen.params)(seen.image)
    torch.testing.assert_close(restored, seen.image)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("gaussian-noise:sigma=0.1", {"sigma": [0.1]}),
        ("poisson-noise:peak=9", {"peak": [9.0]}),
        ("salt-pepper:share=0.2", {"share": [0.2]}),
        ("grayscale|gaussian-noise:sigma=0.1", {"1.gaussian-noise": {"sigma": [0.1]}}),
    ],
)
def test_the_strength_of_noise_is_told_and_its_seed_is_not(text, kept):
    noiseless = Noiseless(build_degradation(text))
    image = torch.rand(1, 3, 8, 8)
    params = noiseless.draw(image, torch.Generator().manual_seed(0))
    assert "seed" not in str(params)
    assert kept.items() <= dict(params).items()
    assert torch.equal(noiseless(image, params), noiseless.whole.signal(image, params))


def test_the_noise_of_photographs_is_not_told_and_the_rest_of_them_is():
    image = torch.rand(1, 3, 32, 32)
    seen = drawn("photo:noise=0.2", image)
    told = restorer().knowing(seen.degradation, seen.params)._forward.knowledge
    assert told.params.keys() == seen.params.keys() - {"seed"}
    assert torch.equal(told.degradation(image, told.params), seen.degradation.signal(image, seen.params))
    assert not torch.equal(told.degradation(image, told.params), seen.image)


def test_it_changes_the_size_as_the_degradation_did():
    seen = drawn("bicubic:scale=4", torch.rand(1, 3, 16, 24))
    knowing = restorer().knowing(seen.degradation, seen.params)
    assert (knowing.scale, restorer().scale) == (4, 1)
    assert knowing(seen.image).shape == (1, 3, 16, 24)


def test_images_go_through_it_whole():
    declared = {"tiling": "exact", "receptive_field": 1}
    image = np.random.default_rng(0).integers(0, 256, (40, 600, 3), np.uint8)
    knowing = restorer(**declared).knowing(build_degradation("grayscale:channels=3"), {})
    assert knowing.restore(image).report.tiles == 1
    assert (knowing.spec.tiling, restorer(**declared).spec.tiling) == ("forbidden", "exact")


def test_one_that_was_pickled_still_knows():
    seen = Brightened().observe(torch.rand(1, 3, 5, 6) / 2, torch.Generator().manual_seed(0))
    knowing = restorer().knowing(Brightened(), seen.params)
    assert torch.equal(pickle.loads(pickle.dumps(knowing))(seen.image), knowing(seen.image))


def test_what_cannot_be():
    with pytest.raises(UsageError, match="told makes no use of what is known"):
        restorer(non_blind=False).knowing(Brightened(), {})
    with pytest.raises(UsageError, match="those of several images"):
        restorer().knowing(Brightened(), {"light": [0.1, 0.2]})

    class Unsaid(Brightened):
        def signal(self, image, params):
            return image

    with pytest.raises(PluginError, match=r"(?s)Unsaid has a signal without its noise.*knowable"):
        restorer().knowing(Unsaid(), {"light": [0.1]})
