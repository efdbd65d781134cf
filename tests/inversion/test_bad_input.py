"""What cannot be observed or asked is told, with the cure."""

from __future__ import annotations

import pytest
import torch

from restore.composition import build_degradation
from restore.contracts import Observation, Prior
from restore.errors import InputError, PluginError, UsageError
from restore.inversion import Settings, invert

SHORT = Settings(steps=30, restarts=2)


def test_what_cannot_be_observed(conv):
    y, _ = conv.drawn(2)
    for image, mask, message in [
        (y[:, :, :12], None, "3 x 16 x 16 .* 3 x 12 x 16"),
        (y[:, :1], None, "observed 1 x 16 x 16"),
        (y[0], None, r"images \(B, C, H, W\)"),
        ((y * 255).byte(), None, "of floats"),
        (y[:0], None, "no image"),
        (torch.where(y > 0.5, torch.nan, y), None, "NaN"),
        (y, torch.zeros(2, 1, 8, 8), "mask .* does not belong"),
        (y, torch.zeros(1, 1, 16, 16), "mask .* does not belong"),
        (y, torch.full((2, 1, 16, 16), torch.nan), "mask holds NaN"),
    ]:
        with pytest.raises(InputError, match=message):
            invert(conv, Observation(image=image, mask=mask), settings=SHORT)


def test_what_cannot_be_asked(conv, linear):
    y, _ = conv.drawn(1)
    with pytest.raises(UsageError, match="nothing to minimise"):
        invert(conv, Observation(image=y), fit=None)
    with pytest.raises(UsageError, match="float16"):
        invert(conv, Observation(image=y), precision="float16")
    with pytest.raises(UsageError, match="no stage 3"):
        invert(conv, Observation(image=y), settings=Settings(steps=1, refine_steps=1, refine_stage=3))
    with pytest.raises(UsageError, match="no stages"):
        invert(linear(), Observation(image=torch.rand(1, 3, 8, 8)), settings=Settings(steps=1, refine_steps=1))
    jpeg = build_degradation("bicubic:scale=2|jpeg").observe(y, torch.Generator())
    with pytest.raises(UsageError, match="no gradient"):
        invert(conv, jpeg, settings=SHORT)
    with pytest.raises(UsageError, match="target"):
        invert(conv, Observation(image=y), terms="l1", settings=SHORT)
    with pytest.raises(InputError, match="anchor"):
        invert(conv, Observation(image=y), anchor=torch.zeros(2, 10), settings=SHORT)
    with pytest.raises(InputError, match="anchor holds numbers that are not finite"):
        invert(conv, Observation(image=y), anchor=torch.full((1, *conv.latent_shape), torch.nan), settings=SHORT)
    for field in ("optimizer", "schedule", "domain"):
        with pytest.raises(UsageError, match=f"{field}=sgd"):
            Settings(**{field: "sgd"})
    for field, value in [
        ("steps", 0),
        ("restarts", 0),
        ("momentum", 1.0),
        ("learning_rate", 0.0),
        ("seconds", -1.0),
        ("seed", 2**63),
    ]:
        with pytest.raises(UsageError, match=field):
            Settings(**{field: value})


def test_a_prior_of_numbers_that_are_not_finite(conv, linear):
    prior = linear()
    prior.weight[0, 0] = torch.nan
    with pytest.raises(PluginError, match="not finite"):
        invert(prior, Observation(image=torch.rand(1, 3, 8, 8)), settings=SHORT)


class Plain(Prior):
    """Nothing beyond what a prior must have."""

    latent_shape = (3, 4, 4)

    def sample(self, n, generator):
        return torch.rand(n, 3, 4, 4, generator=generator)

    def decode(self, z):
        return z.sigmoid()


def test_a_prior_without_a_critic():
    with pytest.raises(UsageError, match="adversarial asks a critic, and Plain has none"):
        invert(Plain(), Observation(image=torch.rand(1, 3, 4, 4)), terms="tv + 0.1*adversarial", settings=SHORT)
    assert invert(Plain(), Observation(image=torch.rand(1, 3, 4, 4)), terms="tv", settings=SHORT).image.isfinite().all()
