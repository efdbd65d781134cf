"""The generator is the paper's, and what it declares of itself is true."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.contracts import Observation
from restore.errors import UsageError
from restore_srgan.generator import SRResNet, start_as_nearest


def run(network, image):
    with torch.no_grad():
        return network(Observation(image=image))


def test_the_papers_generator_has_its_number_of_parameters():
    assert sum(p.numel() for p in SRResNet().parameters()) == 1_547_350


def test_the_papers_layers_are_in_their_places():
    network = SRResNet()
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.kernel_size[0] for c in (convolutions[0], convolutions[-1])] == [9, 9]
    assert len(convolutions) == 1 + 2 * 16 + 1 + 2 + 1
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()) == 33
    prelus = [m for m in network.modules() if isinstance(m, torch.nn.PReLU)]
    assert [m.num_parameters for m in prelus] == [1] * 19


@settings(max_examples=12)
@given(st.sampled_from([2, 3, 4, 8]), st.integers(1, 9), st.integers(1, 9), st.sampled_from(["batch", "none"]))
def test_the_output_is_the_scale_times_the_input(scale, height, width, norm):
    network = SRResNet(scale, blocks=1, channels=4, norm=norm).eval()
    assert run(network, torch.rand(2, 3, height, width)).shape == (2, 3, scale * height, scale * width)


@pytest.mark.parametrize(("scale", "blocks"), [(2, 1), (3, 2), (4, 2), (8, 1)])
@pytest.mark.parametrize("skip", ["none", "bilinear"])
def test_the_receptive_field_is_as_declared(scale, blocks, skip):
    network = SRResNet(scale, blocks, channels=6, norm="none", skip=skip).double().eval()
    centre = network.receptive_field // 2 + 1
    side = 2 * centre + 1
    image = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    output = network(Observation(image=image))[0, :, :, scale * centre].sum(0)
    reaches = []
    for offset in range(scale):
        (gradient,) = torch.autograd.grad(output[scale * centre + offset], image, retain_graph=True)
        rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
        reaches += [centre - int(rows.min()), int(rows.max()) - centre]
    assert 2 * max(reaches) == network.receptive_field


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_without_its_residual_the_network_is_bilinear_upscaling(scale):
    network = SRResNet(scale, blocks=1, channels=4, norm="none", skip="bilinear").double().eval()
    torch.nn.init.zeros_(network.tail.weight)
    torch.nn.init.zeros_(network.tail.bias)
    image = torch.rand(1, 3, 5, 7, dtype=torch.float64)
    expected = F.interpolate(image, scale_factor=float(scale), mode="bilinear", align_corners=False)
    assert torch.allclose(run(network, image), expected, rtol=0, atol=1e-14)


def test_the_papers_output_of_minus_one_to_one_becomes_zero_to_one():
    network = SRResNet(2, blocks=1, channels=4).eval()
    torch.nn.init.zeros_(network.tail.weight)
    with torch.no_grad():
        network.tail.bias.copy_(torch.tensor([-1.0, 0.0, 1.0]))
    output = run(network, torch.rand(1, 3, 2, 2))
    assert output.amax((0, 2, 3)).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("options", [{"scale": 5}, {"blocks": 0}, {"channels": 0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(UsageError, match="srresnet"):
        SRResNet(**options)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_tail_on_the_coarse_grid_is_the_papers_tail(scale):
    network = SRResNet(scale, blocks=1, channels=5).double().eval()
    image = torch.rand(2, 3, 6, 7, dtype=torch.float64)
    with torch.no_grad():
        features = network.head(image)
        literal = network.tail(network.upsampling(features + network.body(features)))
        assert torch.allclose(run(network, image), (literal + 1) / 2, rtol=0, atol=1e-14)


@settings(max_examples=8)
@given(st.sampled_from([2, 3, 4, 8]), st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_a_new_upsampling_can_begin_as_nearest_neighbour(scale, height, width, seed):
    torch.manual_seed(seed)
    network = SRResNet(scale, blocks=1, channels=4, norm="none").double()
    start_as_nearest(network.upsampling)
    features = torch.randn(1, 4, height, width, dtype=torch.float64)
    with torch.no_grad():
        for stage in network.upsampling:
            few = stage(features)
            coarse = few[:, :, :: stage.factor, :: stage.factor]
            nearest = F.interpolate(coarse, scale_factor=float(stage.factor), mode="nearest")
            assert torch.allclose(few, nearest, rtol=0, atol=1e-12)
            assert coarse.unique().numel() > 1
            features = few


@pytest.mark.parametrize("skip", ["none", "bilinear"])
@pytest.mark.parametrize("scale", [2, 4])
def test_a_flat_image_stays_flat_then_and_shows_a_grid_otherwise(scale, skip):
    """Away from the border, where zeros around the image reach."""
    torch.manual_seed(0)
    network = SRResNet(scale, blocks=1, channels=8, norm="none", skip=skip).double().eval()
    image = torch.full((1, 3, 24, 24), 0.4, dtype=torch.float64)

    def spread():
        middle = run(network, image)[..., 11 * scale : 13 * scale, 11 * scale : 13 * scale]
        return (middle.amax((2, 3)) - middle.amin((2, 3))).max().item()

    assert spread() > 1e-3
    start_as_nearest(network.upsampling)
    assert spread() < 1e-12
