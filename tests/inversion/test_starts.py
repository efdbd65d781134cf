"""Where a search starts."""

from __future__ import annotations

import pytest
import torch

from restore.composition import build_degradation
from restore.contracts import Observation
from restore.errors import InputError, UsageError
from restore.inversion import Settings, invert


def test_starts(conv, linear):
    y, z = conv.drawn(3)
    one = Settings(steps=1, restarts=2)
    assert torch.allclose(invert(conv, Observation(image=y), settings=one, start=z).latents[:, 0], z)
    both = torch.stack([z, z.flip(0)], 1)
    assert torch.allclose(invert(conv, Observation(image=y), settings=one, start=both).latents, both)
    normal = invert(conv, Observation(image=y), settings=one, start="normal").latents
    assert (normal.abs() == 1).float().mean() == pytest.approx(0.32, abs=0.2)  # normal numbers, clipped
    prior = linear()
    y = prior.decode(torch.randn(2, 6, generator=torch.Generator().manual_seed(0)))
    found = invert(prior, Observation(image=y), settings=one, start="encoder")
    assert (found.scores[:, 0] < 1e-10).all()
    assert (found.best == 0).all()
    assert (found.scores[:, 1] > 1e-4).all()
    with pytest.raises(UsageError, match="no encoder"):
        invert(conv, Observation(image=conv.drawn(1)[0]), start="encoder", settings=one)
    with pytest.raises(InputError, match=r"start from \(2, 5\)"):
        invert(prior, Observation(image=y), start=torch.zeros(2, 5), settings=one)
    with pytest.raises(InputError, match="not finite"):
        invert(prior, Observation(image=y), start=torch.full((2, 6), torch.nan), settings=one)


def test_an_encoder_is_shown_images_of_the_priors_size(linear):
    shown = []
    prior = linear()
    prior.encode = lambda image: shown.append(image) or torch.zeros(len(image), 6)
    harm = build_degradation("bicubic:scale=2|grayscale")
    seen = harm.observe(torch.rand(2, 3, 8, 8), torch.Generator())
    mask = torch.zeros(2, 1, 4, 4)
    mask[0] = 1
    mask[1, :, :2] = 1
    observation = Observation(image=seen.image, mask=mask, degradation=harm, params=seen.params)
    invert(prior, observation, settings=Settings(steps=1), start="encoder")
    [image] = shown
    assert image.shape == (2, 3, 8, 8)
    assert torch.allclose(image[0], torch.tensor(0.5))  # nothing is known
    assert image[1].mean() == pytest.approx(seen.image[1, :, 2:].mean().item(), abs=0.02)
