"""Gradients of degradations: planted defects are caught."""

from __future__ import annotations

import re

import pytest

from restore.contracts import Degradation


class Good(Degradation):
    """Half of the light is left."""

    def draw(self, image, generator):
        return {"left": [0.5] * len(image), "sigma": 0.01}

    def forward(self, image, params):
        return image * image.new_tensor(params["left"]).view(-1, 1, 1, 1)


class Rounds(Degradation):
    """Black or white, with the gradient of the identity."""

    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        value = image.detach().round()
        return value + (image - image.detach()) if image.requires_grad else value


class Detached(Good):
    def forward(self, image, params):
        return super().forward(image.detach(), params)


class Leaks(Good):
    """A gradient that nobody declared."""


class NoGradientAtAll(Rounds):
    def forward(self, image, params):
        return image.round()


class InfiniteGradient(Good):
    def forward(self, image, params):
        return super().forward(image, params) + (image - image).abs().sqrt()


class StraightThroughUnsaid(Rounds):
    pass


class OtherValueWithGradient(Good):
    def forward(self, image, params):
        return super().forward(image, params) * (0.9 if image.requires_grad else 1)


DEFECTS = [
    ("gradient-is-as-declared", Detached, {}, "differentiable=True says\n *found: none arrives"),
    ("gradient-is-as-declared", Leaks, {"differentiable": False}, r"no gradient .*found: one flows, as large as \d"),
    ("gradient-is-as-declared", NoGradientAtAll, {"gradient": "surrogate"}, "it is zero everywhere"),
    ("gradient-is-as-declared", InfiniteGradient, {}, r"found: \d+ of 363 values are not"),
    ("gradient-is-as-declared", StraightThroughUnsaid, {}, r'where differences give 0\.0.*gradient="surrogate"'),
    ("gradient-is-as-declared", OtherValueWithGradient, {}, "whether a gradient is wanted or not"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "factory", "declared", "told"),
    DEFECTS,
    ids=[f"{check}-{factory.__name__}" for check, factory, *_ in DEFECTS],
)
def test_a_planted_defect_is_caught(found_by, check, factory, declared, told):
    found = found_by(check, factory, **declared)
    assert re.search(told, found, re.DOTALL), found
