"""The mean over an image's symmetries."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import restore
from restore_srgan.generator import SRResNet
from restore_srgan.symmetries import self_ensemble


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SRResNet(2, blocks=1, channels=6, norm="none", ensemble=True).double().eval().requires_grad_(False)


def test_it_is_the_mean_of_eight_passes_as_numpy_turns_them(network):
    image = np.random.default_rng(0).random((1, 3, 7, 11))
    once = SRResNet(2, blocks=1, channels=6, norm="none").double().eval().requires_grad_(False)
    once.load_state_dict(network.state_dict())
    passes = []
    for turns in range(4):
        for mirror in (lambda x: x, np.flipud):
            seen = np.stack([mirror(np.rot90(plane, turns)) for plane in image[0]])
            made = once(torch.from_numpy(seen[None].copy())).numpy()[0]
            passes.append(np.stack([np.rot90(mirror(plane), -turns) for plane in made]))
    assert np.allclose(network(torch.from_numpy(image)).numpy()[0], np.mean(passes, axis=0), atol=1e-14)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_image_gives_the_turned_result(network, turns):
    image = torch.rand(2, 3, 5, 9, dtype=torch.float64)
    turned = torch.rot90(network(image), turns, (2, 3))
    assert torch.allclose(network(torch.rot90(image, turns, (2, 3))), turned, atol=1e-14)
    assert torch.allclose(network(image.flip(3)), network(image).flip(3), atol=1e-14)


def test_what_has_the_symmetries_itself_is_unchanged():
    image = torch.rand(1, 1, 4, 6, dtype=torch.float64)
    assert torch.allclose(self_ensemble(lambda seen: seen.repeat_interleave(2, 2).repeat_interleave(2, 3), image),
                          image.repeat_interleave(2, 2).repeat_interleave(2, 3), atol=1e-15)  # fmt: skip


@pytest.mark.parametrize("model", ["srresnet", "srgan", "srgan:fidelity=0.5"])
def test_our_weights_are_at_hand_with_it(model):
    image = np.random.default_rng(0).random((12, 16, 3), dtype=np.float32)
    one, eight = (
        restore.load(f"{model}{',' if ':' in model else ':'}ensemble={on}", precision="float32")(image)
        for on in ("false", "true")
    )
    assert one.shape == eight.shape == (48, 64, 3)
    assert 0 < np.abs(one - eight).max() < 0.5
    turned = restore.load("srresnet:ensemble=true", precision="float32")(np.rot90(image).copy())
    assert np.allclose(turned, np.rot90(restore.load("srresnet:ensemble=true", precision="float32")(image)), atol=1e-5)
