"""Each check of priors passes a good one and catches a planted defect, with the numbers that tell it."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor, nn

from restore.contracts import Prior
from restore.errors import WeightsError
from restore.plugin import PriorSpec
from restore.testing.check import CheckFailed, Inapplicable
from restore.testing.priors import CHECKS


class Plain(Prior):
    """The good one, with a normalisation as GANs have it; its parts are what defects replace."""

    latent_shape = (5,)

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(5, 8 * 3 * 4)
        self.norm = nn.BatchNorm2d(8)
        self.end = nn.Conv2d(8, 3, 3, padding=1)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, *self.latent_shape, generator=generator)

    def decode(self, z: Tensor) -> Tensor:
        grown = nn.functional.interpolate(self.norm(self.start(z).view(-1, 8, 3, 4)), scale_factor=2)
        return self.finish(self.end(grown.relu()))

    def finish(self, raw: Tensor) -> Tensor:
        return raw.sigmoid()


class Able(Plain):
    """With everything that a prior may offer."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(3, 4, 3, stride=2)
        self.guess = nn.Linear(4, 5)

    def features(self, image: Tensor) -> list[Tensor]:
        return [image, self.look(image)]

    def encode(self, image: Tensor) -> Tensor:
        return self.guess(self.look(image).mean((2, 3)))

    def critic(self, image: Tensor) -> Tensor:
        return self.look(image).flatten(1).mean(1)

    stages = 2

    def decode_to(self, stage: int, z: Tensor) -> Tensor:
        seed = self.start(z).view(-1, 8, 3, 4)
        return seed if stage == 1 else self.norm(seed).relu()

    def decode_from(self, stage: int, features: Tensor) -> Tensor:
        normed = self.norm(features).relu() if stage == 1 else features
        return self.finish(self.end(nn.functional.interpolate(normed, scale_factor=2)))


class Analytic(Plain):
    """Nothing is learnt."""

    def __init__(self) -> None:
        Prior.__init__(self)

    def decode(self, z):
        return z[:, :1, None, None].sigmoid().expand(-1, 1, 4, 6)


HERE = f"{__name__}:"
OFFERED = {"encode-gives-latents", "critic-gives-logits", "features-gives-maps", "stages-make-the-image"}
ABSENT = {"Plain": OFFERED, "Able": set(), "Analytic": OFFERED | {"state-goes-through-safetensors"}}
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


@every_check
@pytest.mark.parametrize("name", ABSENT)
def test_a_good_prior_passes(subject_of, name, check):
    subject = subject_of(PriorSpec(name="x", factory=HERE + name))
    if check.name in ABSENT[name]:
        with pytest.raises(Inapplicable, match="it has no"):
            check(subject)
    else:
        check(subject)


class NoShape(Plain):
    latent_shape = 5


class OtherShape(Plain):
    def sample(self, n, generator):
        return torch.randn(n, 4, generator=generator)


class FromAnywhere(Plain):
    def sample(self, n, generator):
        return torch.randn(n, 5)


class Seedless(Plain):
    def sample(self, n, generator):
        return torch.randn(n, 5, generator=torch.Generator().manual_seed(3))


class Remembering(Plain):
    """Draws from its own generator, and so goes on where it was."""

    def __init__(self) -> None:
        super().__init__()
        self.own = torch.Generator().manual_seed(3)

    def sample(self, n, generator):
        return torch.randn(n, 5, generator=self.own)


class Signed(Plain):
    def finish(self, raw):
        return raw.tanh()


class Undefined(Plain):
    def finish(self, raw):
        return (raw.sigmoid() - 9).log()


class ChannelsLast(Plain):
    def finish(self, raw):
        return raw.sigmoid().movedim(1, -1)


class BatchStatistics(Plain):
    """The defect of semantic inpainting with a GAN whose statistics are the batch's."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(8, track_running_stats=False)


class Dropping(Plain):
    def finish(self, raw):
        return nn.functional.dropout(raw, 0.5).sigmoid()


class Rounded(Plain):
    def finish(self, raw):
        return raw.sigmoid().mul(255).round().div(255)


class Cut(Plain):
    def decode(self, z):
        return super().decode(z.detach())


class HalfCut(Plain):
    def finish(self, raw):
        return (raw * raw.detach()).sigmoid()


class InPlace(Plain):
    def decode(self, z):
        with torch.no_grad():
            z.clamp_(-0.5, 0.5)
        return super().decode(z)


class Disturbing(Plain):
    def finish(self, raw):
        random.random()
        return raw.sigmoid()


class WrongLatents(Able):
    def encode(self, image):
        return super().encode(image)[:, :3]


class NeighbourlyLatents(Able):
    def encode(self, image):
        z = super().encode(image)
        return z - z.mean(0)


class Probability(Able):
    def critic(self, image):
        return super().critic(image)[:, None]


class SilentCritic(Able):
    def critic(self, image):
        return super().critic(image).detach()


class Backwards(Able):
    def features(self, image):
        return super().features(image)[::-1]


class Pooled(Able):
    def features(self, image):
        return [one.mean((2, 3)) for one in super().features(image)]


class SkippingStage(Able):
    def decode_from(self, stage, features):
        return super().decode_from(2, features)


class StageNought(Able):
    stages = 0


class CutStage(Able):
    def decode_from(self, stage, features):
        return super().decode_from(stage, features.detach())


class Stateless(Plain):
    """What it has learnt is an attribute, which no weights file holds."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = torch.randn(5)

    def decode(self, z):
        return super().decode(z + self.shift.to(z))


DEFECTS = [
    ("latents-have-their-shape", "NoShape", ["found: 5", "latent_shape"]),
    ("latents-have-their-shape", "OtherShape", ["(1, 5) finite floats", "found: (1, 4)"]),
    ("a-seed-decides-the-latents", "FromAnywhere", ["used: torch's random generator"]),
    ("a-seed-decides-the-latents", "Seedless", ["other latents for another seed"]),
    ("a-seed-decides-the-latents", "Remembering", ["the same bits for the same seed", "differ by up to"]),
    ("decode-gives-images", "Signed", ["values in [-", "(x + 1) / 2"]),
    ("decode-gives-images", "Undefined", ["nan"]),
    ("decode-gives-images", "ChannelsLast", ["(1, 6, 8, 3)", "channels first"]),
    ("batch-equals-singles", "BatchStatistics", ["alone as among others", "population statistics"]),
    ("same-inputs-same-result", "Dropping", ["two calls give the same bits", "draw nothing"]),
    ("decode-is-differentiable", "Rounded", ["sums of |gradient| [0.0, 0.0]"]),
    ("decode-is-differentiable", "Cut", ["cut off from them", ".detach()"]),
    ("decode-is-differentiable", "HalfCut", ["claimed", "measured"]),
    ("inputs-are-left-alone", "InPlace", ["same after the call", "changed by up to"]),
    ("process-is-left-alone", "Disturbing", ["Python's random generator"]),
    ("encode-gives-latents", "WrongLatents", ["(4, 5) finite latents", "found: (4, 3)"]),
    ("encode-gives-latents", "NeighbourlyLatents", ["a latent is the same alone"]),
    ("critic-gives-logits", "Probability", ["(4,) finite logits", "found: (4, 1)"]),
    ("critic-gives-logits", "SilentCritic", ["found: none", ".detach()"]),
    ("features-gives-maps", "Backwards", ["from fine to coarse", "turn the list around"]),
    ("features-gives-maps", "Pooled", ["a list of maps (4, C, H, W)", "(4, 3)"]),
    ("stages-make-the-image", "SkippingStage", ["decode_from(1, decode_to(1, z)) is decode(z)", "differ by up to"]),
    ("stages-make-the-image", "StageNought", ["1 or more", "found: 0"]),
    ("stages-make-the-image", "CutStage", ["features of stage 1", "found: none"]),
    ("state-goes-through-safetensors", "Stateless", ["differ by up to", "register_buffer"]),
]


@pytest.mark.parametrize(("name", "factory", "words"), DEFECTS, ids=lambda value: str(value)[:32])
def test_a_defect_is_caught(subject_of, name, factory, words):
    [check] = [check for check in CHECKS if check.name == name]
    with pytest.raises(CheckFailed) as caught:
        check(subject_of(PriorSpec(name="x", factory=HERE + factory)))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_every_check_has_a_defect():
    assert {name for name, *_ in DEFECTS} == {check.name for check in CHECKS}


class Blind(Plain):
    def __init__(self) -> None:
        raise WeightsError("the weights eyes are not here", "restore weights fetch eyes")


@every_check
def test_absent_weights_are_no_failure(subject_of, check):
    with pytest.raises(Inapplicable, match="restore weights fetch eyes"):
        check(subject_of(PriorSpec(name="x", factory=HERE + "Blind")))
