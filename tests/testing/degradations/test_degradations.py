"""Checks of degradations: each lets a good one pass and catches the defect that it is for."""

from __future__ import annotations

import contextlib
import re

import pytest
import torch

from restore.contracts import Degradation
from restore.errors import InputError
from restore.plugin import DegradationSpec
from restore.testing import CheckFailed, Inapplicable
from restore.testing.degradations import CHECKS
from restore.testing.state import State

BY_NAME = {check.name: check for check in CHECKS}
DEVICE = "device-changes-nothing"


class Good(Degradation):
    """A share of the light is left, and noise by its seed."""

    def draw(self, image, generator):
        lefts, seeds = [], []
        for _ in image:
            lefts.append(0.5 + torch.rand((), generator=generator).item() / 2)
            seeds.append(int(torch.randint(2**48, (), generator=generator)))
        return {"left": lefts, "seed": seeds, "sigma": 0.01}

    def forward(self, image, params):
        noise = [torch.randn(image.shape[1:], generator=torch.Generator().manual_seed(s)) for s in params["seed"]]
        left = image.new_tensor(params["left"]).view(-1, 1, 1, 1)
        return (image * left + torch.stack(noise).to(image) * params["sigma"]).clamp(0, 1)


class Half(Degradation):
    """Every other pixel of every other row."""

    scale = 2

    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        return image[..., ::2, ::2]


class Rounds(Degradation):
    """Black or white, with the gradient of the identity."""

    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        value = image.detach().round()
        return value + (image - image.detach()) if image.requires_grad else value


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


class Gray(Good):
    """It takes gray images only, and says so."""

    def forward(self, image, params):
        if image.shape[1] != 1:
            raise InputError("gray images only", "take the luma first")
        return super().forward(image, params)


GOOD = {
    Good: {},
    Half: {},
    Rounds: {"gradient": "surrogate"},
    Hides: {"masks": True},
    Gray: {},
}


SILENT = {"another-seed-differs": (Half, Rounds), "missing-pixels-are-gone": (Good, Half, Rounds, Gray)}
"""Checks that have nothing to say of some."""


@pytest.fixture
def subject_with(subject_of):
    def make(factory, **declared):
        name = f"{factory.__name__}_"
        globals()[name] = factory
        return subject_of(DegradationSpec(name="planted", factory=f"{__name__}:{name}", **declared))

    return make


@pytest.mark.parametrize("check", BY_NAME)
@pytest.mark.parametrize("factory", GOOD, ids=lambda factory: factory.__name__)
def test_good_degradations_pass(subject_with, factory, check):
    before = State.now()
    inapplicable = factory in SILENT.get(check, ()) or (check == DEVICE and not torch.cuda.is_available())
    with pytest.raises(Inapplicable) if inapplicable else contextlib.nullcontext():
        BY_NAME[check](subject_with(factory, **GOOD[factory]))
    assert before.changed() == []


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


class Overshoots(Good):
    def forward(self, image, params):
        return super().forward(image, params) - 0.1


class NotFinite(Good):
    def forward(self, image, params):
        return super().forward(image, params) / image * image


class Float32(Good):
    def forward(self, image, params):
        return super().forward(image, params).float()


class RefusesAll(Good):
    def forward(self, image, params):
        raise InputError("no images today", "come back tomorrow")


class Counts(Good):
    """It remembers its calls."""

    calls = 0

    def forward(self, image, params):
        self.calls += 1
        return super().forward(image, params) * (1 - 0.01 * self.calls)


class DrawsFromTorch(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "sigma": torch.rand(()).item() / 10}


class SeedsTorch(Good):
    def forward(self, image, params):
        torch.manual_seed(params["seed"][0])
        return super().forward(image, params)


class IgnoresDraw(Good):
    def forward(self, image, params):
        return image * 0.5


class DrawsTwice(Good):
    """What it applies is not what it recorded."""

    def observe(self, image, generator):
        seen = super().observe(image, generator)
        again = self.draw(image, generator)
        return type(seen)(image=self(image, again), degradation=self, params=seen.params)


class Tuples(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "size": (3, 4)}


class Tensors(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "kernel": torch.ones(3)}


class Infinite(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "limit": float("inf")}


class SharedList(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "kernel": [0.25, 0.75]}


class OneForAll(Good):
    def draw(self, image, generator):
        drawn = super().draw(image[:1], generator)
        return {**drawn, "left": drawn["left"] * len(image), "seed": drawn["seed"] * len(image)}


class ColumnWise(Good):
    """It draws all shares before all seeds."""

    def draw(self, image, generator):
        lefts = [0.5 + torch.rand((), generator=generator).item() / 2 for _ in image]
        seeds = [int(torch.randint(2**48, (), generator=generator)) for _ in image]
        return {"left": lefts, "seed": seeds, "sigma": 0.01}


class LooksAround(Good):
    """The darkest sample decides for all."""

    def forward(self, image, params):
        return super().forward(image, params) * (0.5 + image.mean((1, 2, 3)).min() / 2)


class WrongMaskInBatch(Hides):
    def mask(self, image, params):
        return super().mask(image, {"width": params["width"][:1] * len(image)})

    def forward(self, image, params):
        return torch.where(super().mask(image, params).bool(), torch.zeros_like(image), image)


class Views(Good):
    def forward(self, image, params):
        return super().forward(image.view(len(image), -1).view(image.shape), params)


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
    ("shape-follows-scale", NoDegradation, {}, "makes a NoDegradation.*derive the class"),
    ("shape-follows-scale", TooSmall, {}, r"\(2, 1 or 3, 37, 29\)\n *found: \(2, 3, 37, 28\)"),
    ("shape-follows-scale", ScaleUnsaid, {}, r"at scale 1: .* 37, 29\)\n *found: \(2, 3, 19, 15\)\n *cure: set scale"),
    ("shape-follows-scale", ScaleIsText, {}, "scale is a whole number.*found: '2'"),
    ("shape-follows-scale", NoBatch, {}, r"found: \(3, 37, 29\)"),
    ("shape-follows-scale", RefusesAll, {}, "found: no images today\n *cure: come back tomorrow"),
    ("values-are-images", Overshoots, {}, r"a picture \(RGB, 37 x 29\)\n *found: values in \[-0\.\d+, 0"),
    ("values-are-images", NotFinite, {}, r"values in \[0, 1\] of black.*found: values in \[nan, nan\]"),
    ("values-are-images", Float32, {}, "torch.float64 image\n *found: torch.float32"),
    ("same-seed-same-bits", Counts, {}, r"asked again, the images differ by up to 0\.0\d+"),
    ("same-seed-same-bits", DrawsFromTorch, {}, "asked again, .* is drawn, then"),
    ("another-seed-differs", IgnoresDraw, {}, "8 seeds draw .*'left'.* give the same image\n *cure: use in forward"),
    ("params-replay", DrawsTwice, {}, "the images differ by up to"),
    ("params-replay", Tuples, {}, r"params\['size'\] is a plain number.*\(3, 4\) \(tuple\).*list\(values\)"),
    ("params-replay", Tensors, {}, r"params\['kernel'\].*\(Tensor\)"),
    ("params-replay", Infinite, {}, "finite numbers"),
    ("params-replay", SharedList, {}, r"params\['kernel'\], being a list, .* each of 3.*found: 2 entries"),
    ("batch-equals-singles", OneForAll, {}, r"sample 1 of a batch draws.*params\['left'\] is \[0\.\d+\] in the"),
    ("batch-equals-singles", ColumnWise, {}, r"sample 0 of a batch .*params\['seed'\].*finish one before the next"),
    ("batch-equals-singles", LooksAround, {}, r"sample \d of 3 \(RGB, 37 x 29\).*differs by 0\.\d+"),
    ("batch-equals-singles", WrongMaskInBatch, MASKS, "sample 1 of 3 .* has the mask that it has alone"),
    ("layout-changes-nothing", ReadsMemory, {}, r"channels_last .*differs by"),
    ("inputs-are-left-alone", InPlace, {}, r"image \(RGB, 37 x 29\) is the same .*changed by up to 0\.4"),
    ("inputs-are-left-alone", Pops, {}, "the params are the same afterwards.*without pop"),
    ("process-is-left-alone", SeedsTorch, {}, "changed: torch's random generator"),
    ("process-is-left-alone", DrawsFromTorch, {}, "changed: torch's random generator"),
    ("gradient-is-as-declared", Detached, {}, "differentiable=True says\n *found: none arrives"),
    ("gradient-is-as-declared", Leaks, {"differentiable": False}, r"no gradient .*found: one flows, as large as \d"),
    ("gradient-is-as-declared", NoGradientAtAll, {"gradient": "surrogate"}, "it is zero everywhere"),
    ("gradient-is-as-declared", InfiniteGradient, {}, r"found: \d+ of 363 values are not"),
    ("gradient-is-as-declared", StraightThroughUnsaid, {}, r'where differences give 0\.0.*gradient="surrogate"'),
    ("gradient-is-as-declared", OtherValueWithGradient, {}, "whether a gradient is wanted or not"),
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
def test_a_planted_defect_is_caught(subject_with, check, factory, declared, told):
    with torch.random.fork_rng(devices=[]), pytest.raises(CheckFailed) as caught:
        BY_NAME[check](subject_with(factory, **declared))
    assert re.search(told, str(caught.value), re.DOTALL), str(caught.value)


def test_views_that_fail_on_a_window_are_the_components_own_error(subject_with):
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        BY_NAME["layout-changes-nothing"](subject_with(Views))


def test_every_check_has_a_defect():
    assert {check for check, *_ in DEFECTS} == set(BY_NAME) - {DEVICE}


class OnTheDevice(Good):
    """Noise of the GPU's own generator."""

    def forward(self, image, params):
        noise = torch.randn(image.shape, generator=torch.Generator(image.device).manual_seed(3), device=image.device)
        return (image + noise / 10).clamp(0, 1)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_noise_of_the_devices_own_is_caught(subject_with):
    BY_NAME[DEVICE](subject_with(Good))
    with pytest.raises(CheckFailed, match=r"differs by 0\.\d+\n *cure: make noise on the CPU"):
        BY_NAME[DEVICE](subject_with(OnTheDevice))
