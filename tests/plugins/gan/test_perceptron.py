"""The perceptrons of 2014: their layers, their range, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import InputError, UsageError
from restore_gan.perceptron import Maxout, PerceptronGAN


def test_the_defaults_are_those_of_mnist():
    prior = PerceptronGAN().eval()
    dense = [m for m in prior.generator.modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in dense] == [(100, 1200), (1200, 1200), (1200, 784)]
    judged = [m for m in prior.discriminator.modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in judged] == [(784, 1200), (240, 1200), (240, 1)]
    image = prior.decode(prior.sample(2, torch.Generator().manual_seed(0)))
    assert image.shape == (2, 1, 28, 28)
    assert 0 <= float(image.detach().min()) < float(image.detach().max()) <= 1
    assert prior.critic(image).shape == (2,)


def test_maxout_is_the_largest_of_neighbours():
    values = torch.tensor([[1.0, 5, 3, -2, -1, -3]])
    assert Maxout(3)(values).tolist() == [[5, -1]]


def test_dropout_is_for_training_alone():
    prior = PerceptronGAN(width=8, critic_width=4)
    image = torch.rand(3, 1, 28, 28)
    assert not torch.equal(prior.train().critic(image), prior.critic(image))
    assert torch.equal(prior.eval().critic(image), prior.critic(image))


def test_other_sizes_and_colours():
    prior = PerceptronGAN(size=5, colors="rgb", latent=3, width=8, critic_width=4)
    assert prior.decode(torch.zeros(2, 3)).shape == (2, 3, 5, 5)
    with pytest.raises(InputError, match="cannot judge"):
        prior.critic(torch.rand(1, 1, 5, 5))
    with pytest.raises(UsageError, match="at least 1"):
        PerceptronGAN(pieces=0)
