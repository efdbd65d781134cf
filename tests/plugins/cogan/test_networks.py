"""The paper's layers and how many numbers they have; what is tied is one; both domains in a pass are two passes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import InputError, UsageError
from restore_cogan.critic import CriticPair
from restore_cogan.generator import GeneratorPair, ShiftedNorm

SMALL = {"latent": 5, "width": 0.02}


def numbers(module):
    return sum(parameter.numel() for parameter in module.parameters())


def layers(module, *kinds):
    return [one for one in module.modules() if isinstance(one, kinds)]


def images(count, seed=0):
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def latents(count, seed=0):
    return torch.rand(count, 5, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_the_generators_are_the_papers():
    pair = GeneratorPair()
    grown = layers(pair.shared, nn.ConvTranspose2d)
    shapes = [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0], c.padding[0]) for c in grown]
    assert shapes == [(100, 1024, 4, 1, 0), (1024, 512, 3, 2, 1), (512, 256, 3, 2, 1), (256, 128, 3, 2, 1)]
    for own in pair.own:
        [last] = layers(own, nn.ConvTranspose2d)
        assert (last.in_channels, last.out_channels, last.kernel_size[0], last.padding[0]) == (128, 1, 6, 1)
    kernels = 100 * 1024 * 16 + 9 * (1024 * 512 + 512 * 256 + 256 * 128) + 2 * 36 * 128
    shifts, slopes, biases = 1024 + 512 + 256 + 128, 4, 2
    assert numbers(pair) == kernels + shifts + slopes + biases == 7_842_694
    sides = [layer(torch.zeros(1, layer[0].in_channels, side, side)).shape[-1]
             for layer, side in zip(pair.eval().shared, (1, 4, 7, 13), strict=True)]  # fmt: skip
    assert sides == [4, 7, 13, 25]


def test_the_critics_are_the_papers():
    pair = CriticPair(classes=10)
    assert [tuple(c.weight.shape) for own in pair.own for c in layers(own, nn.Conv2d)] == [(20, 1, 5, 5)] * 2
    assert [tuple(c.weight.shape) for c in layers(pair.shared, nn.Conv2d)] == [(50, 20, 5, 5)]
    assert [tuple(d.weight.shape) for d in layers(pair, nn.Linear)] == [(500, 800), (1, 500), (10, 500)]
    assert numbers(pair) == 2 * 520 + 25_050 + 400_500 + 1 + 501 + 5010
    assert not layers(pair, nn.ReLU, nn.LeakyReLU)


@pytest.mark.parametrize("width", [1.0, 0.25])
def test_what_is_not_tied_is_there_twice(width):
    own = [numbers(GeneratorPair(100, width, tied)) for tied in range(5)]
    assert own == sorted(own, reverse=True)
    one = GeneratorPair(100, width, 0).own[0]
    assert own[0] == 2 * numbers(one)


@pytest.mark.parametrize("tied", range(5))
@pytest.mark.parametrize("training", [False, True])
def test_a_pair_is_what_its_halves_make(tied, training):
    torch.manual_seed(0)
    pair = GeneratorPair(**SMALL, tied=tied).train(training)
    z = latents(6)
    for domain, image in enumerate(pair(z)):
        assert image.shape == (6, 1, 28, 28)
        torch.testing.assert_close(image, pair.one(z, domain))


@pytest.mark.parametrize("tied", range(4))
def test_one_pass_judges_as_two(tied):
    torch.manual_seed(0)
    pair = CriticPair(tied, classes=10)
    first, second = images(4), images(3, 1)
    together = pair.features(first, second)
    for domain, (image, found) in enumerate(zip((first, second), together, strict=True)):
        alone = pair.features_of(image, domain)
        torch.testing.assert_close(found, alone)
        torch.testing.assert_close(pair(first, second)[domain], pair.judge(alone, domain))
    assert not torch.allclose(pair.features_of(first, 0), pair.features_of(first, 1))


def slopes(pair, losses):
    pair.zero_grad()
    for loss in losses:
        loss.backward()
    return {name: parameter.grad.clone() for name, parameter in pair.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("tied", [0, 1, 3])
def test_tied_layers_learn_from_both_domains(tied):
    torch.manual_seed(0)
    pair = CriticPair(tied)
    first, second = images(4), images(4, 1)
    whole = slopes(pair, [sum(logits.sum() for logits in pair(first, second))])
    parts = [
        slopes(pair, [pair.judge(pair.features_of(image, domain), domain).sum()])
        for domain, image in enumerate((first, second))
    ]
    shared = {name for name in whole if all(name in part for part in parts)}
    for name, slope in whole.items():
        torch.testing.assert_close(slope, sum(part[name] for part in parts if name in part), rtol=1e-4, atol=1e-4)
    own = 4 - tied
    assert any("own" in name for name in whole)
    assert not any("own" in name for name in shared)
    assert len({name.split(".")[0] for name in shared}) == {0: 0, 1: 1, 3: 2}[tied]
    assert len(layers(pair.own[0], nn.Conv2d, nn.Linear)) == min(own, 3)


def test_a_norm_shifts_and_does_not_scale():
    norm = ShiftedNorm(3)
    assert [name for name, _ in norm.named_parameters()] == ["shift"]
    norm.shift.data += torch.arange(3.0)
    values = norm(torch.randn(50, 3, 4, 4) * 7 + 2)
    torch.testing.assert_close(values.mean((0, 2, 3)), torch.arange(3.0), atol=1e-5, rtol=0)
    torch.testing.assert_close(values.var((0, 2, 3)), torch.ones(3), atol=1e-2, rtol=0)


def test_dropout_is_of_the_judgement_alone():
    torch.manual_seed(0)
    pair = CriticPair(dropout=0.5)
    first, second = images(4), images(4, 1)
    torch.testing.assert_close(pair.features(first, second), pair.features(first, second), rtol=0, atol=0)
    assert not torch.equal(*(pair(first, second)[0] for _ in range(2)))
    pair.eval()
    assert torch.equal(*(pair(first, second)[0] for _ in range(2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GeneratorPair(tied=5), "cannot have 5 in common"),
        (lambda: GeneratorPair(tied=-1), "cannot have -1 in common"),
        (lambda: GeneratorPair(latent=0), "latent=0"),
        (lambda: GeneratorPair(width=0.0), "width=0"),
        (lambda: GeneratorPair(width=float("inf")), "width=inf"),
        (lambda: CriticPair(tied=4), "cannot have 4 in common"),
        (lambda: CriticPair(dropout=1.0), "dropout=1"),
        (lambda: CriticPair(classes=1), "classes=1"),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_images_and_questions_that_do_not_fit():
    pair = CriticPair()
    with pytest.raises(InputError, match=r"critic of digits \(1, 28, 28\) cannot judge \(3, 28, 28\)"):
        pair(images(2), torch.rand(2, 3, 28, 28))
    with pytest.raises(UsageError, match="no classes apart"):
        pair.classify(torch.rand(2, 500))
