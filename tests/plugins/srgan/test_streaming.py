"""Row by row from top to bottom, a network makes the bits that it makes of the whole image at once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from restore.contracts import Observation
from restore.runtime.peak import PeakMemory
from restore_srgan import streaming
from restore_srgan.generator import SRResNet


def noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def both(network, image):
    """Return what a network makes of the whole, which is how it computes gradients, and what it streams."""
    seen = Observation(image=image)
    whole = network(seen).detach()
    with torch.no_grad():
        return whole, network(seen)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 4, "channels": 8, "norm": "none", "skip": "bilinear"},
        {"scale": 3, "channels": 7, "norm": "none", "skip": "bilinear"},
        {"scale": 8, "channels": 4, "norm": "batch", "skip": "none"},
        {"scale": 2, "channels": 16, "norm": "batch", "skip": "bilinear"},
    ],
    ids=lambda options: ",".join(f"{key}={value}" for key, value in options.items()),
)
@pytest.mark.parametrize("shape", [(1, 3, 151, 167), (2, 3, 130, 101), (1, 3, 3, 9001), (1, 3, 21000, 1)])
def test_srresnet(options, shape):
    torch.manual_seed(0)
    network = SRResNet(blocks=2, **options).eval()
    whole, streamed = both(network, noise(*shape))
    assert torch.equal(whole, streamed)


@pytest.mark.parametrize("shape", [(1, 3, 15, 20), (1, 3, 16, 20), (1, 3, 17, 18), (1, 3, 3, 100), (1, 3, 5, 64)])
def test_srresnet_where_rows_of_zeros_would_choose_another_algorithm(shape):
    """Of 64 channels these images have a few numbers less than ``FEW``, or as many."""
    torch.manual_seed(0)
    network = SRResNet(4, blocks=1, channels=64, norm="none", skip="bilinear").eval()
    whole, streamed = both(network, noise(*shape))
    assert torch.equal(whole, streamed)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([2, 3, 4]), st.sampled_from([32, 64]), st.integers(1, 2), st.integers(1, 40), st.integers(1, 400)
)
def test_srresnet_about_the_size_where_torch_changes_its_algorithm(scale, channels, batch, height, offset):
    torch.manual_seed(0)
    network = SRResNet(scale, blocks=1, channels=channels, norm="none", skip="bilinear").eval()
    width = max(1, 2 * streaming.FEW * offset // (400 * channels * height))
    whole, streamed = both(network, noise(batch, 3, height, width))
    assert torch.equal(whole, streamed)


def test_srresnet_in_bfloat16_and_channels_last():
    torch.manual_seed(0)
    network = SRResNet(4, blocks=2, channels=16, norm="none", skip="bilinear").eval()
    with torch.autocast("cpu", torch.bfloat16):
        whole, streamed = both(network, noise(1, 3, 180, 150).contiguous(memory_format=torch.channels_last))
    assert torch.equal(whole, streamed)


def test_a_batch_norm_in_training_sees_the_whole():
    network = SRResNet(2, blocks=1, channels=4).train()
    image = noise(1, 3, 170, 150)
    whole, seen_without_gradients = both(network, image)
    assert torch.equal(whole, seen_without_gradients)


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([1, 3, 5, 9]), min_size=1, max_size=4),
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(1, 400),
)
def test_any_chain_of_convolutions(kernels, height, width, pixels):
    torch.manual_seed(0)
    convolutions = [nn.Conv2d(2, 2, kernel, padding=kernel // 2).double() for kernel in kernels]
    body, head = nn.Sequential(*convolutions, nn.PReLU().double()), nn.Conv2d(2, 2, 3, padding=1).double()
    image = noise(1, 2, height, width).double()
    with torch.no_grad():
        stage = streaming.Chain([streaming.streamed(head), streaming.Skip(streaming.streamed(body))])
        made = torch.cat(list(streaming.stream(streaming.Strips(stage, pixels), image, 3 * pixels)), 2)
        features = head(image)
        torch.testing.assert_close(made, features + body(features))


@pytest.mark.parametrize(
    "module",
    [
        nn.Softmax2d(),
        nn.ReflectionPad2d(1),
        nn.Conv2d(4, 4, 3, padding=1, stride=2),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, 2, padding=1),
        nn.Conv2d(4, 4, (3, 5), padding=(1, 2)),
        nn.BatchNorm2d(4),
        nn.BatchNorm2d(4, track_running_stats=False).eval(),
    ],
    ids=str,
)
def test_a_module_of_another_kind_is_refused(module):
    with pytest.raises(TypeError, match=type(module).__name__):
        streaming.streamed(nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), module))


def test_memory_grows_with_the_output_alone():
    """What comes before the last convolution takes ten times the bytes of the output."""
    network = SRResNet(4, blocks=1, channels=16, norm="none", skip="bilinear").eval()
    peaks = []
    for height in (200, 400):
        with torch.no_grad(), PeakMemory() as memory:
            network(noise(1, 3, height, 100))
        peaks.append(memory.peak)
    output = 4 * 3 * 16 * 200 * 100
    assert output <= peaks[1] - peaks[0] < 1.3 * output
