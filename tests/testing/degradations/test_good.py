"""Good degradations pass every check, and a device of its own makes no difference."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import torch

from restore.contracts import Degradation
from restore.errors import InputError
from restore.testing import CheckFailed, Inapplicable
from restore.testing.degradations import CHECKS
from restore.testing.degradations.devices import compare
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


@pytest.mark.parametrize("check", BY_NAME)
@pytest.mark.parametrize("factory", GOOD, ids=lambda factory: factory.__name__)
def test_good_degradations_pass(subject_with, factory, check):
    before = State.now()
    inapplicable = factory in SILENT.get(check, ()) or (check == DEVICE and not torch.cuda.is_available())
    with pytest.raises(Inapplicable) if inapplicable else contextlib.nullcontext():
        BY_NAME[check](subject_with(factory, **GOOD[factory]))
    assert before.changed() == []


def test_every_check_has_a_planted_defect():
    here = Path(__file__).parent
    told = "".join(file.read_text("utf-8") for file in here.glob("test_*.py") if file != Path(__file__))
    assert [name for name in BY_NAME if name != DEVICE and f'"{name}"' not in told] == []


class OnTheDevice(Good):
    """Noise of the GPU's own generator."""

    def forward(self, image, params):
        noise = torch.randn(image.shape, generator=torch.Generator(image.device).manual_seed(3), device=image.device)
        return (image + noise / 10).clamp(0, 1)


class Moved(Good):
    """It is another one after it was moved."""

    moved = 0

    def _apply(self, fn, recurse=True):
        self.moved = 1
        return super()._apply(fn, recurse)


class DrawsElsewhere(Moved):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "sigma": 0.01 + self.moved}


class LooksElsewhere(Moved):
    def forward(self, image, params):
        return super().forward(image, params) * (1 - 0.5 * self.moved)


class HidesElsewhere(Hides, Moved):
    def mask(self, image, params):
        return super().mask(image, params).flip(-1) if self.moved else super().mask(image, params)

    def forward(self, image, params):
        return image


class StaysBehind(Good):
    def forward(self, image, params):
        return super().forward(image, params).to("meta")


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (DrawsElsewhere, r"the same draw as on the CPU\n *found: .*'sigma': 1.01"),
        (LooksElsewhere, r"the same result as on the CPU \(RGB, 37 x 29\), within 1e-05\n *found: it differs by 0\."),
        (HidesElsewhere, "the same mask as on the CPU"),
        (StaysBehind, "they are on meta"),
    ],
)
def test_another_device_that_makes_a_difference_is_caught(subject_with, factory, told):
    """The comparison itself needs no other device."""
    compare(subject_with(Good), torch.device("cpu"))
    with pytest.raises(CheckFailed, match=told):
        compare(subject_with(factory, masks=factory is HidesElsewhere), torch.device("cpu"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_noise_of_the_devices_own_is_caught(subject_with):
    BY_NAME[DEVICE](subject_with(Good))
    with pytest.raises(CheckFailed, match=r"differs by 0\.\d+\n *cure: make noise on the CPU"):
        BY_NAME[DEVICE](subject_with(OnTheDevice))
