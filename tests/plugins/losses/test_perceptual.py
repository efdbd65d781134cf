"""Features against convolutions in numpy, the formula by hand, and every network with its own normalisation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from restore.errors import InputError, UsageError, WeightsError
from restore.objective import build_objective
from restore.parts import Part, parts_of
from restore.published import Network
from restore.registry import registry
from restore.trunks import vgg19
from restore.weights import digest
from restore_losses import perceptual
from restore_losses.networks import NETWORKS


def build(**options):
    return registry().find("loss", "perceptual").build(**options)


def pictures(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def convolved(image, kernel, bias):
    """A 3 x 3 convolution, zeros around the image, and a ReLU, in numpy; (C, H, W)."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.maximum(np.einsum("chwij,ocij->ohw", windows, kernel) + bias[:, None, None], 0)


def relu2_2(image, state):
    """The original VGG's features of RGB in [0, 1], by its publication: BGR, 0 to 255, minus the means."""
    image = 255 * image[::-1] - np.array([103.939, 116.779, 123.68])[:, None, None]
    for layer in ("0", "2", "pool", "5", "7"):
        if layer == "pool":
            channels, height, width = image.shape
            image = image.reshape(channels, height // 2, 2, width // 2, 2).max((2, 4))
        else:
            image = convolved(image, state[f"{layer}.weight"], state[f"{layer}.bias"])
    return image


def test_the_papers_loss_is_what_numpy_computes(stored):
    """Equation 5 of SRGAN for phi2,2, with features divided by 12.75: sum over channels, mean over places."""
    state = {name: value.double().numpy() for name, value in Network(NETWORKS["vgg19"]).read().items()}
    first, second = pictures(2, 1, 3, 8, 6)
    a, b = (relu2_2(x[0].numpy(), state) for x in (first, second))
    expected = (((a - b) / 12.75) ** 2).sum(0).mean()
    assert build(channels="sum")(first, second).item() == pytest.approx(expected, rel=1e-9)
    assert build()(first, second).item() == pytest.approx(expected / 128, rel=1e-9)
    absolute = np.abs((a - b) / 12.75).mean()
    assert build(distance="l1")(first, second).item() == pytest.approx(absolute, rel=1e-9)


def test_layers_are_weighed_and_added(stored):
    first, second = pictures(2, 1, 3, 16, 16)
    shallow, deep = (build(layers=layer)(first, second) for layer in ("relu1_2", "relu3_4"))
    both = build(layers="relu3_4+relu1_2", weights="0.25+2")(first, second)
    torch.testing.assert_close(both, 0.25 * deep + 2 * shallow)
    torch.testing.assert_close(build(scale=2 / 12.75)(first, second), 4 * build()(first, second))


def test_the_papers_names_of_layers(stored):
    first, second = pictures(2, 1, 3, 16, 16)
    expected = build(layers="relu3_4")(first, second)
    for name in ("phi3_4", "phi3,4"):
        assert torch.equal(build(layers=(name,))(first, second), expected)


def test_torchvisions_networks_see_normalised_rgb():
    """By hand, from torchvision's documentation: the mean colour is 0, one deviation more is 1."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    torch.testing.assert_close(perceptual.imagenet(mean), torch.zeros(1, 3, 1, 1))
    torch.testing.assert_close(perceptual.imagenet(mean + deviation), torch.ones(1, 3, 1, 1))


@pytest.mark.parametrize(("net", "layers"), [("alexnet", "relu1+relu3"), ("squeezenet", "relu1+fire2+fire9")])
def test_other_networks(stored, net, layers):
    first = pictures(2, 3, 64, 64)
    loss = build(net=net, layers=layers)
    near, far = (loss(first + size * pictures(2, 3, 64, 64, seed=1), first) for size in (0.01, 0.1))
    assert (near > 0).all()
    assert (near < far).all()
    assert torch.equal(loss(first, first), torch.zeros(2, dtype=torch.float64))


def test_one_value_a_sample_and_gradients(stored):
    prediction, target = pictures(2, 3, 8, 8).requires_grad_(), pictures(2, 3, 8, 8, seed=1).requires_grad_()
    loss = build()
    alone = [loss(prediction[i : i + 1], target[i : i + 1]).item() for i in range(2)]
    assert loss(prediction, target).tolist() == pytest.approx(alone, rel=1e-9)
    assert torch.autograd.gradcheck(lambda x: loss(x, target.detach()), prediction)
    loss(prediction, target).sum().backward()
    assert prediction.grad.abs().sum() > 0
    assert target.grad is None


def test_gray_is_replicated(stored):
    first, second = pictures(2, 1, 1, 8, 8)
    expected = build()(first.expand(1, 3, 8, 8), second.expand(1, 3, 8, 8))
    torch.testing.assert_close(build()(first, second), expected)
    with pytest.raises(InputError, match="2 channels"):
        build()(pictures(1, 2, 8, 8), pictures(1, 2, 8, 8))


def test_half_precision_features_change_the_value_little(stored):
    first, second = pictures(2, 2, 3, 32, 32).float()
    loss = build(layers="relu2_2+relu3_4")
    with torch.autocast("cpu", torch.bfloat16):
        got = loss(first, second)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, loss(first, second), rtol=0.02, atol=0)


def test_it_is_no_part_of_what_is_trained_or_saved(stored):
    assert not list(build().parameters())
    assert not build().state_dict()


def test_layers_that_are_not_there(stored):
    with pytest.raises(UsageError, match="vgg19 has no layer 'relu5_4'") as caught:
        build(layers="relu5_4")
    assert "relu3_4\n" in caught.value.cure
    assert "net=vgg19-torchvision" in caught.value.cure
    with pytest.raises(UsageError, match="2 layers and 1 weights"):
        build(layers="relu1_1+relu1_2", weights="1")
    with pytest.raises(InputError, match="too few for alexnet"):
        build(net="alexnet", layers="relu5")(pictures(1, 3, 8, 8), pictures(1, 3, 8, 8))


@pytest.fixture(scope="module")
def whole():
    """Random weights of VGG19 in its publication's layout, for the layers that nobody's digest covers here."""
    generator = torch.Generator().manual_seed(0)
    convolutions = {n: m for n, m in vgg19().layers.named_children() if isinstance(m, torch.nn.Conv2d)}
    scaled = {n: (2 / (9 * m.in_channels)) ** 0.5 for n, m in convolutions.items()}
    return {
        f"features.{n}.{part}": torch.randn(getattr(m, part).shape, generator=generator) * scaled[n]
        for n, m in convolutions.items()
        for part in ("weight", "bias")
    }


def features(tensors, image, last):
    """What VGG19 finds in an image, by torch's functions: 3 x 3 convolutions, ReLUs, and pooling before each block."""
    for place in (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34):
        if place in (5, 10, 19, 28):
            image = F.max_pool2d(image, 2)
        kernel, bias = (tensors[f"features.{place}.{part}"] for part in ("weight", "bias"))
        image = F.relu(F.conv2d(image, kernel, bias, padding=1))
        if place == last:
            return image
    raise AssertionError(last)


def test_the_original_reaches_as_far_as_its_file(stored, whole, shared_data, tmp_path, monkeypatch):
    """With its first eight layers known and others behind them, under one name."""
    start = torch.load(shared_data / "vgg19/vgg19_caffe_features_to_relu3_4.pth", weights_only=True)
    prefix = "" if "0.weight" in start else "features."
    tensors = whole | {f"features.{name.removeprefix(prefix)}": value for name, value in start.items()}
    torch.save({**tensors, "classifier.0.weight": torch.ones(3)}, tmp_path / "vgg19.pth")
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path))
    Network(NETWORKS["vgg19"]).take(tmp_path / "vgg19.pth")
    first, second = pictures(2, 1, 3, 16, 16).float()
    for layer, last in (("relu4_1", 19), ("phi5_4", 34)):
        found = [features(tensors, perceptual.caffe(image), last) for image in (first, second)]
        expected = ((found[0] - found[1]) / 12.75).square().sum(1).mean()
        assert build(layers=layer, channels="sum")(first, second).item() == pytest.approx(expected.item(), rel=1e-4)
    with pytest.raises(UsageError, match="no layer 'relu6_1'") as caught:
        build(layers="relu6_1")
    assert caught.value.cure.endswith("relu5_4")


def test_torchvisions_vgg19_has_its_own_normalisation(whole, tmp_path, monkeypatch):
    """Known by the hash of its file alone, which this stands in for."""
    torch.save(whole, tmp_path / "vgg19.pth")
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path))
    spec = replace(NETWORKS["vgg19-torchvision"], sha256=digest(tmp_path / "vgg19.pth"))
    monkeypatch.setitem(NETWORKS, "vgg19-torchvision", spec)
    Network(spec).take(tmp_path / "vgg19.pth")
    first, second = pictures(2, 1, 3, 16, 16).float()
    found = [features(whole, perceptual.imagenet(image), 34) for image in (first, second)]
    expected = (found[0] - found[1]).square().mean().item()
    loss = build(net="vgg19-torchvision", layers="phi5_4")
    assert loss(first, second).item() == pytest.approx(expected, rel=1e-4)


def test_torchvisions_vgg19_is_taken_from_its_publishers_file_alone(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path))
    torch.save(whole, tmp_path / "vgg19-dcbb9e9d.pth")
    with pytest.raises(WeightsError, match="not the file that was published"):
        Network(NETWORKS["vgg19-torchvision"]).take(tmp_path / "vgg19-dcbb9e9d.pth")
    assert NETWORKS["vgg19-torchvision"].sha256.startswith("dcbb9e9d")  # which the publisher put into its name


def test_absent_weights_are_told_of_before_training(tmp_path, monkeypatch):
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="vgg19-caffe") as caught:
        build()
    assert caught.value.cure == "restore weights import vgg19-caffe FILE"


def test_lpips_and_the_loss_share_what_they_both_see_with():
    metric = registry().find("metric", "lpips").spec
    shared = {spec.name: spec for spec in NETWORKS.values() if spec.name.startswith("lpips-")}
    assert shared == {spec.name: spec for spec in metric.networks}


def test_it_says_which_network_it_sees_with(stored):
    network = Network(NETWORKS["alexnet"])
    assert parts_of(build_objective("l1 + 0.1*perceptual:net=alexnet,layers=relu1")) == (
        Part(kind="network", name="lpips-alex", weights="lpips-alex", sha256=network.spec.digest),
    )
