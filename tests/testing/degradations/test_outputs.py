"""What a degradation gives, and how it behaves: planted defects are caught."""

from __future__ import annotations

import re

import pytest
import torch

from restore.contracts import Degradation
from restore.errors import InputError
from restore.testing.degradations.conduct import layout_changes_nothing


class Good(Degradation):
    """Half of the light is left."""

    def draw(self, image, generator):
        return {"left": [0.5] * len(image), "sigma": 0.01}

    def forward(self, image, params):
        return image * image.new_tensor(params["left"]).view(-1, 1, 1, 1)


class Half(Degradation):
    """Every other pixel of every other row."""

    scale = 2

    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        return image[..., ::2, ::2]


class NoDegradation(torch.nn.Identity):
    pass


class TooSmall(Good):
    def forward(self, image, params):
        return super().forward(image, params)[..., :-1]


class ScaleUnsaid(Half):
    scale = 1


class ScaleIsText(Half):
    scale = "2"


class NoBatch(Good):
    def forward(self, image, params):
        return super().forward(image, params)[0]


class RefusesAll(Good):
    def forward(self, image, params):
        raise InputError("no images today", "come back tomorrow")


class Overshoots(Good):
    def forward(self, image, params):
        return super().forward(image, params) - 0.1


class NotFinite(Good):
    def forward(self, image, params):
        return super().forward(image, params) / image * image


class Float32(Good):
    def forward(self, image, params):
        return super().forward(image, params).float()


class ReadsMemory(Good):
    def forward(self, image, params):
        own = image.permute(0, 2, 3, 1) if image.is_contiguous(memory_format=torch.channels_last) else image
        return super().forward(image, params) * own.reshape(-1)[7]


class InPlace(Good):
    def forward(self, image, params):
        image.mul_(0.5)
        return super().forward(image, params)


class Pops(Good):
    def forward(self, image, params):
        params.pop("sigma")
        return super().forward(image, {**params, "sigma": 0})


class SeedsTorch(Good):
    def forward(self, image, params):
        torch.manual_seed(3)
        return super().forward(image, params)


class DrawsFromTorch(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "sigma": torch.rand(()).item() / 10}


DEFECTS = [
    ("shape-follows-scale", NoDegradation, {}, "makes a NoDegradation.*derive the class"),
    ("shape-follows-scale", TooSmall, {}, r"\(2, 1 or 3, 37, 29\)\n *found: \(2, 3, 37, 28\)"),
    ("shape-follows-scale", ScaleUnsaid, {}, r"at scale 1: .* 37, 29\)\n *found: \(2, 3, 19, 15\)\n *cure: set scale"),
    ("shape-follows-scale", ScaleIsText, {}, "scale is a whole number.*found: '2'"),
    ("shape-follows-scale", NoBatch, {}, r"found: \(3, 37, 29\)"),
    ("shape-follows-scale", RefusesAll, {}, "found: no images today\n *cure: come back tomorrow"),
    ("values-are-images", Overshoots, {}, r"a picture \(RGB, 37 x 29\)\n *found: values in \[-0\.\d+, 0"),
    ("values-are-images", NotFinite, {}, r"values in \[0, 1\] of black.*found: values in \[nan, nan\]"),
    ("values-are-images", Float32, {}, "torch.float64 image\n *found: torch.float32"),
    ("layout-changes-nothing", ReadsMemory, {}, r"channels_last .*differs by"),
    ("inputs-are-left-alone", InPlace, {}, r"image \(RGB, 37 x 29\) is the same .*changed by up to 0\.4"),
    ("inputs-are-left-alone", Pops, {}, "the params are the same afterwards.*without pop"),
    ("process-is-left-alone", SeedsTorch, {}, "changed: torch's random generator"),
    ("process-is-left-alone", DrawsFromTorch, {}, "changed: torch's random generator"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "factory", "declared", "told"),
    DEFECTS,
    ids=[f"{check}-{factory.__name__}" for check, factory, *_ in DEFECTS],
)
def test_a_planted_defect_is_caught(found_by, check, factory, declared, told):
    found = found_by(check, factory, **declared)
    assert re.search(told, found, re.DOTALL), found


class Views(Good):
    def forward(self, image, params):
        return super().forward(image.view(len(image), -1).view(image.shape), params)


def test_views_that_fail_on_a_window_are_the_components_own_error(subject_with):
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        layout_changes_nothing(subject_with(Views))
