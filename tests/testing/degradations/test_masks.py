"""Masks of degradations: planted defects are caught."""

from __future__ import annotations

import re

import pytest
import torch

from restore.contracts import Degradation


class Good(Degradation):
    """Half of the light is left."""

    def draw(self, image, generator):
        return {"left": [0.5] * len(image), "sigma": 0.01}

    def forward(self, image, params):
        return image * image.new_tensor(params["left"]).view(-1, 1, 1, 1)


class Hides(Degradation):
    """The left part is missing, as wide as is drawn."""

    def draw(self, image, generator):
        return {"width": [int(torch.randint(1, 20, (), generator=generator)) for _ in image]}

    def mask(self, image, params):
        missing = image.new_zeros(len(image), 1, *image.shape[-2:])
        for one, width in zip(missing, params["width"], strict=True):
            one[..., :width] = 1
        return missing

    def forward(self, image, params):
        return torch.where(self.mask(image, params).bool(), torch.zeros_like(image), image)


class MaskUnsaid(Hides):
    pass


class NoMask(Good):
    pass


class NothingMissing(Hides):
    def mask(self, image, params):
        return super().mask(image, params) * 0


class SoftMask(Hides):
    def mask(self, image, params):
        return super().mask(image, params) * 0.5


class MaskOfChannels(Hides):
    def mask(self, image, params):
        return super().mask(image, params).expand_as(image)


class BoolMask(Hides):
    def mask(self, image, params):
        return super().mask(image, params).bool()

    def forward(self, image, params):
        return torch.where(self.mask(image, params), torch.zeros_like(image), image)


class Shines(Hides):
    """What is missing still shows, faintly."""

    def forward(self, image, params):
        return torch.where(self.mask(image, params).bool(), image * 0.01, image)


MASKS = {"masks": True}
DEFECTS = [
    ("mask-is-as-declared", MaskUnsaid, {}, r"no mask, as masks=False says\n *found: one of shape \(2, 1, 37, 29\)"),
    ("mask-is-as-declared", NoMask, MASKS, "a mask, as masks=True says\n *found: None"),
    ("mask-is-as-declared", NothingMissing, MASKS, "for one of 4 seeds\n *found: none ever is"),
    ("mask-is-as-declared", SoftMask, MASKS, "0 or 1\n *found: .* others, such as 0.5"),
    ("mask-is-as-declared", MaskOfChannels, MASKS, r"a mask \(2, 1, 37, 29\) .*found: \(2, 3, 37, 29\)"),
    ("mask-is-as-declared", BoolMask, MASKS, "torch.float32\n *found: torch.bool"),
    ("missing-pixels-are-gone", Shines, MASKS, r"\d+ pixels differ, by up to 0\.00\d+"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "factory", "declared", "told"),
    DEFECTS,
    ids=[f"{check}-{factory.__name__}" for check, factory, *_ in DEFECTS],
)
def test_a_planted_defect_is_caught(found_by, check, factory, declared, told):
    found = found_by(check, factory, **declared)
    assert re.search(told, found, re.DOTALL), found
