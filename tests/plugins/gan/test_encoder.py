"""DCGAN with an encoder: only where one is asked for, the other halves the same, latents that a search may use."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from restore.contracts import Encodes, Observation
from restore.errors import InputError, UsageError
from restore.inversion import Settings, invert
from restore.options import signature
from restore.testing.running import plan
from restore_gan.dcgan import DCGAN
from restore_gan.encoder import Encoder, PredictiveDCGAN, dcgan

SMALL = {"size": 16, "latent": 5, "width": 8, "critic_width": 4, "kernel": 4, "critic_norm": "none"}


def test_it_encodes_only_with_an_encoder():
    plain, predictive = dcgan(**SMALL), dcgan(**SMALL, encoder_width=4)
    assert type(plain) is DCGAN
    assert isinstance(predictive, PredictiveDCGAN)
    assert not isinstance(plain, Encodes)
    assert isinstance(predictive, Encodes)
    more = predictive.state_dict().keys() - plain.state_dict().keys()
    assert more == {name for name in predictive.state_dict() if name.startswith("encoder.")}
    assert len(more) == 6  # two convolutions and a dense layer, weights and biases


def test_all_other_options_are_those_of_dcgan():
    own = {name: option.default for name, option in signature(dcgan).items()}
    assert own.pop("encoder_width") == 0
    assert own == {name: option.default for name, option in signature(DCGAN).items()}


@settings(max_examples=8)
@given(size=st.sampled_from([8, 14, 28, 64]), channels=st.sampled_from([1, 3]), width=st.integers(1, 6))
def test_latents_lie_in_the_domain_and_belong_to_their_own_image(size, channels, width):
    torch.manual_seed(0)
    encoder = Encoder((channels, size, size), width, 7)
    image = torch.rand(3, channels, size, size, generator=torch.Generator().manual_seed(1))
    z = encoder(image)
    assert z.shape == (3, 7)
    assert float(z.detach().abs().max()) <= 1
    torch.testing.assert_close(encoder(image[1:2]), z[1:2], atol=1e-5, rtol=1e-4)


def test_maps_are_halved_down_to_those_of_the_generator():
    convolutions = [layer for layer in Encoder((3, 64, 64), 28, 100).modules() if isinstance(layer, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [28, 56, 112, 224]
    assert {c.stride for c in convolutions} == {(2, 2)}


def test_under_bfloat16_latents_are_float32():
    with torch.autocast("cpu", torch.bfloat16):
        assert dcgan(**SMALL, encoder_width=4).encode(torch.rand(2, 3, 16, 16)).dtype == torch.float32


def test_a_search_starts_from_its_guess():
    torch.manual_seed(0)
    prior = dcgan(**SMALL, encoder_width=4).eval()
    image = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = invert(prior, Observation(image=image), settings=Settings(steps=1, restarts=1), start="encoder")
    torch.testing.assert_close(found.latent, prior.encode(image).detach())


def test_with_an_encoder_it_passes_the_kit():
    verdicts = [
        trial.run() for trial in plan("prior-dcgan-faces") if not trial.check.name.startswith(("discovery", "import"))
    ]
    assert [f"{verdict.check}: {verdict.failure}" for verdict in verdicts if not verdict.ok] == []
    assert "encode-gives-latents" in {verdict.check for verdict in verdicts if verdict.outcome == "passed"}


def test_bad_input():
    with pytest.raises(UsageError, match="cannot have -1 channels"):
        dcgan(encoder_width=-1)
    with pytest.raises(InputError, match=r"encoder of images \(3, 16, 16\) cannot take \(1, 16, 16\)"):
        dcgan(**SMALL, encoder_width=4).encode(torch.rand(2, 1, 16, 16))
