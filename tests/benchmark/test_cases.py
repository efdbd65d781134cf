"""What a model is given: the protocol's degradation of the protocol's original."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from restore.benchmark.cases import make_case
from restore.benchmark.datasets import find_datasets
from restore.benchmark.pixels import to_bytes, to_tensor
from restore.benchmark.protocol import Protocol
from restore.cli.degrade import seed_of
from restore.composition import build_degradation, degrade
from restore.errors import InputError

SR = Protocol(id="lab", degradation="bicubic:scale=4", scale=4, image="rgb")


def picture(folder, name="a.png", size=(21, 18), channels=3):
    pixels = np.random.default_rng(5).integers(0, 256, (*size, channels), np.uint8)
    Image.fromarray(pixels if channels > 1 else pixels[..., 0]).save(folder / name)
    return pixels


def case(folder, protocol):
    [dataset] = find_datasets(folder, [])
    return make_case(dataset.images[0], protocol, build_degradation(protocol.degradation))


def test_the_original_is_cropped_to_the_scale_and_the_input_is_what_restore_degrade_makes(tmp_path):
    pixels = picture(tmp_path)
    made = case(tmp_path, SR)
    assert torch.equal(made.target[0], torch.from_numpy(pixels[:20, :16]).permute(2, 0, 1))
    assert np.array_equal(made.degraded.pixels[0], degrade(pixels[:20, :16], "bicubic:scale=4"))
    assert made.degraded.pixels.dtype == np.uint8
    assert (made.width, made.height, made.mask) == (16, 20, None)
    assert torch.equal(made.observation.image * 255, to_tensor(made.degraded).float())


def test_noise_is_drawn_by_the_images_own_seed_and_not_rounded(tmp_path):
    picture(tmp_path, "a.png", channels=1)
    noisy = Protocol(id="lab", degradation="gaussian-noise:sigma=0.1", image="gray", degraded_rounding="none", seed=3)
    made = case(tmp_path, noisy)
    assert made.seed == seed_of(3, (tmp_path / "a.png").relative_to(tmp_path))
    levels = to_tensor(made.degraded) * 255
    inside = levels[(levels > 0) & (levels < 255)]
    assert (inside != inside.round()).float().mean() > 0.99
    assert torch.equal(to_tensor(case(tmp_path, noisy).degraded), to_tensor(made.degraded))
    other = Protocol(**{**noisy.as_dict(), "seed": 4})
    assert not torch.equal(to_tensor(case(tmp_path, other).degraded), to_tensor(made.degraded))


def test_a_mask_is_drawn_by_the_images_own_seed(tmp_path):
    picture(tmp_path)
    made = case(tmp_path, Protocol(id="lab", degradation="mask-random:share=0.3", image="rgb"))
    missing = made.observation.mask
    assert missing.sum() == round(0.3 * 21 * 18)
    known = (1 - missing).bool().expand_as(made.target)
    assert torch.equal(to_tensor(made.degraded)[known], made.target[known])
    assert (to_tensor(made.degraded)[~known] == 0).all()
    assert np.array_equal(made.mask.pixels[0, ..., 0] == 255, missing[0, 0].bool().numpy())


def test_deep_images_are_rounded(tmp_path):
    array = np.array([[0, 128, 129], [257, 65535, 400]], np.uint16).repeat(8, 0).repeat(8, 1)
    Image.fromarray(array).save(tmp_path / "a.png")
    made = case(tmp_path, Protocol(id="lab", degradation="mask-center"))
    assert made.target.unique().tolist() == [0, 1, 2, 255]  # 128/257 = 0.498, 129/257 = 0.502, 400/257 = 1.56


def test_bytes_are_the_nearest_levels():
    image = torch.tensor([-0.2, 0.49 / 255, 0.51 / 255, 1.7]).view(1, 1, 1, 4)
    assert to_bytes(image).flatten().tolist() == [0, 0, 1, 255]


def test_what_no_protocol_defines_is_refused(tmp_path):
    Image.new("RGBA", (8, 8), (1, 2, 3, 100)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="transparent"):
        case(tmp_path, SR)
    Image.new("RGBA", (8, 8), (1, 2, 3, 255)).save(tmp_path / "a.png")
    assert case(tmp_path, SR).target.shape == (1, 3, 8, 8)
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"a\.png"):
        case(tmp_path, SR)
