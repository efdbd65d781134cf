"""What a model may be told of a degradation: planted defects are caught."""

from __future__ import annotations

import re

import pytest
import torch

from restore.contracts import Degradation
from restore.testing.degradations import CHECKS

CHECK = "noise-is-not-told"


class Noisy(Degradation):
    """Half of the light, and noise by its seed."""

    def draw(self, image, generator):
        return {"left": 0.5, "seed": [int(torch.randint(2**40, (), generator=generator)) for _ in image]}

    def forward(self, image, params):
        noise = [torch.rand(image.shape[1:], generator=torch.Generator().manual_seed(s)) for s in params["seed"]]
        return image * params["left"] + torch.stack(noise).to(image) / 10

    def signal(self, image, params):
        return image * params["left"]

    def knowable(self, params):
        return {"left": params["left"]}


class Unsaid(Noisy):
    def knowable(self, params):
        return Degradation.knowable(self, params)


class Blabs(Noisy):
    def knowable(self, params):
        return params


class TooLittle(Noisy):
    def knowable(self, params):
        return {}


class Other(Noisy):
    def knowable(self, params):
        return {"left": 0.4}


def test_noise_that_is_kept_secret_passes(subject_with):
    [check] = [one for one in CHECKS if one.name == CHECK]
    check(subject_with(Noisy))


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (Unsaid, r"does not say which of its params.*implement knowable"),
        (Blabs, r"found: the same result, from left, seed"),
        (TooLittle, r"found: KeyError: 'left'"),
        (Other, r"differs by up to 0\.0\d+"),
    ],
)
def test_a_planted_defect_is_caught(found_by, factory, told):
    found = found_by(CHECK, factory)
    assert re.search(told, found, re.DOTALL), found
