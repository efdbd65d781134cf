"""DCGAN: the paper's layers, sizes that halve, stages, starts, and images that do not depend on their neighbours."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from restore.contracts import Criticises, DecodesInStages, HasFeatures
from restore.errors import InputError, UsageError
from restore_gan.dcgan import DCGAN, halved

SMALL = {"width": 8, "critic_width": 4}


def layers(network, kind):
    return [module for module in network.modules() if isinstance(module, kind)]


def test_the_defaults_are_the_paper():
    prior = DCGAN()
    assert prior.latent_shape == (100,)
    [dense] = layers(prior.generator, nn.Linear)
    assert (dense.in_features, dense.out_features, dense.bias) == (100, 1024 * 4 * 4, None)
    grown = layers(prior.generator, nn.ConvTranspose2d)
    assert [(c.in_channels, c.out_channels) for c in grown] == [(1024, 512), (512, 256), (256, 128), (128, 3)]
    judged = layers(prior.discriminator, nn.Conv2d)
    assert [(c.in_channels, c.out_channels) for c in judged] == [(3, 128), (128, 256), (256, 512), (512, 1024)]
    assert {(c.kernel_size, c.stride) for c in (*grown, *judged)} == {((5, 5), (2, 2))}
    assert [n.num_features for n in layers(prior.generator, nn.BatchNorm2d)] == [1024, 512, 256, 128]
    assert [n.num_features for n in layers(prior.discriminator, nn.BatchNorm2d)] == [256, 512, 1024]
    assert {module.negative_slope for module in layers(prior.discriminator, nn.LeakyReLU)} == {0.2}
    weights = 100 * 16384 + 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    assert sum(p.numel() for p in prior.generator.parameters()) == weights + 3 + 2 * 1920


def test_it_starts_as_the_paper():
    torch.manual_seed(0)
    prior = DCGAN(width=32)
    for layer in layers(prior, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        if layer.weight.numel() > 5000:
            assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
    gains = torch.cat([norm.weight.detach() for norm in layers(prior, nn.BatchNorm2d)])
    assert float(gains.mean()) == pytest.approx(1, abs=0.005)
    assert float(gains.std()) == pytest.approx(0.02, rel=0.2)


def test_without_norms_logits_start_with_the_size_of_the_images():
    torch.manual_seed(0)
    logits = DCGAN(width=8, critic_width=32, critic_norm="none").critic(torch.rand(64, 3, 64, 64))
    assert 0.05 < float(logits.detach().std()) < 5


@pytest.mark.parametrize(("size", "sides"), [(64, [32, 16, 8, 4]), (28, [14, 7]), (32, [16, 8, 4]), (48, [24, 12, 6])])
def test_sides_are_halved(size, sides):
    assert halved(size) == sides


@settings(max_examples=6)
@given(
    size=st.sampled_from([8, 14, 28, 32, 48, 64]),
    colors=st.sampled_from(["rgb", "gray"]),
    kernel=st.sampled_from([4, 5]),
    norm=st.sampled_from(["batch", "spectral", "none"]),
    latent=st.integers(1, 20),
)
def test_every_combination_makes_and_judges_images(size, colors, kernel, norm, latent):
    prior = DCGAN(size, colors, latent, kernel=kernel, critic_norm=norm, **SMALL).eval()
    z = prior.sample(3, torch.Generator().manual_seed(0))
    image = prior.decode(z)
    assert image.shape == (3, 3 if colors == "rgb" else 1, size, size)
    assert 0 <= float(image.detach().min()) < float(image.detach().max()) <= 1
    assert prior.critic(image).shape == (3,)
    alone = prior.decode(z[1:2])
    torch.testing.assert_close(alone, image[1:2])
    torch.testing.assert_close(prior.critic(alone), prior.critic(image)[1:2], atol=1e-5, rtol=1e-4)


def test_latents_are_uniform():
    prior = DCGAN(**SMALL)
    z = prior.sample(2000, torch.Generator().manual_seed(0))
    assert prior.domain == "uniform"
    assert -1 <= float(z.min()) < -0.999
    assert 0.999 < float(z.max()) <= 1
    assert float(z.var()) == pytest.approx(1 / 3, rel=0.02)


def test_it_can_be_entered_at_every_stage():
    prior = DCGAN(**SMALL).eval()
    z = prior.sample(2, torch.Generator().manual_seed(0))
    assert isinstance(prior, DecodesInStages)
    assert prior.stages == 4
    shapes = [prior.decode_to(stage, z).shape for stage in range(1, 5)]
    assert shapes == [(2, 64, 4, 4), (2, 32, 8, 8), (2, 16, 16, 16), (2, 8, 32, 32)]
    for stage in range(1, 5):
        assert torch.equal(prior.decode_from(stage, prior.decode_to(stage, z)), prior.decode(z))


def test_it_judges_and_compares():
    prior = DCGAN(**SMALL)
    assert isinstance(prior, Criticises)
    assert isinstance(prior, HasFeatures)
    assert [tuple(m.shape[1:]) for m in prior.features(torch.rand(2, 3, 64, 64))] == [
        (4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4),
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"critic of images \(3, 64, 64\) cannot judge \(3, 32, 32\)") as small:
        prior.critic(torch.rand(2, 3, 32, 32))
    assert "as terms" in small.value.cure  # what a search whose degradation shrinks images compares is small


def test_the_widest_layer_is_capped():
    prior = DCGAN(width=64, critic_width=48, widest=320)
    assert [n.num_features for n in layers(prior.generator, nn.BatchNorm2d)] == [320, 256, 128, 64]
    assert [c.out_channels for c in layers(prior.discriminator, nn.Conv2d)] == [48, 96, 192, 320]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 63}, "cannot halve 63 pixels"),
        ({"size": 0}, "cannot halve 0 pixels"),
        ({"kernel": 3}, "no convolutions of side 3"),
        ({"latent": 0}, "cannot have 0 channels"),
        ({"critic_width": -1}, "cannot have -1 channels"),
    ],
)
def test_what_cannot_be(options, message):
    with pytest.raises(UsageError, match=message):
        DCGAN(**options)
