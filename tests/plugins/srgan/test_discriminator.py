"""The discriminator's size, forms and bounds."""

from __future__ import annotations

import pytest
import torch

from restore.errors import InputError, UsageError
from restore_srgan.discriminator import Discriminator


def test_the_papers_number_of_parameters():
    assert sum(p.numel() for p in Discriminator().parameters()) == 23_563_649


def test_the_papers_layers():
    """Figure 4: k3n64s1 to k3n512s2, every second with stride 2, batch norm after all but the first."""
    modules = list(Discriminator().features)
    convs = [m for m in modules if isinstance(m, torch.nn.Conv2d)]
    assert [(c.out_channels, c.stride[0], c.kernel_size) for c in convs] == [
        (width, stride, (3, 3)) for width in (64, 128, 256, 512) for stride in (1, 2)
    ]
    names = [type(m).__name__ for m in modules]
    assert names == ["Conv2d", "LeakyReLU", *["Conv2d", "BatchNorm2d", "LeakyReLU"] * 7]
    assert {m.negative_slope for m in modules if isinstance(m, torch.nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize(
    ("head", "side", "shape"), [("dense", 32, (2,)), ("pool", 50, (2,)), ("patch", 50, (2, 1, 4, 4))]
)
@pytest.mark.parametrize("norm", ["batch", "spectral", "none"])
def test_logits(head, side, shape, norm):
    critic = Discriminator(head=head, size=32, channels=4, norm=norm)
    image = torch.rand(2, 3, side, side)
    assert critic(image).shape == shape
    critic(image).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in critic.parameters())


def test_images_of_0_and_1_become_minus_1_and_1():
    critic = Discriminator(head="pool", channels=2, norm="none")
    seen = []
    critic.features.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    critic(torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1).expand(1, 3, 16, 16))
    assert seen[0][0, :, 0, 0].tolist() == [-1, 0, 1]


def test_without_batch_norm_an_image_is_judged_by_itself():
    images = torch.rand(3, 3, 32, 32, dtype=torch.float64)
    critic = Discriminator(head="pool", channels=4, norm="spectral").double().eval()
    torch.testing.assert_close(critic(images)[1:2], critic(images[1:2]))


def test_spectral_norm_bounds_the_slope_of_a_layer():
    torch.manual_seed(0)
    critic = Discriminator(head="pool", channels=4, norm="spectral")
    image = torch.rand(1, 3, 16, 16)
    for _ in range(50):  # power iteration, one turn each time
        critic(image)
    layers = [m for m in critic.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    assert len(layers) == 10
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_what_is_refused():
    with pytest.raises(InputError, match="32 x 32 pixels cannot judge"):
        Discriminator(size=32, channels=1)(torch.zeros(1, 3, 48, 48))
    with pytest.raises(UsageError, match="halve 40 pixels"):
        Discriminator(size=40)
    with pytest.raises(UsageError, match="channels of at least 1"):
        Discriminator(channels=0)
