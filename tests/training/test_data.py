"""Training images: found, decoded, and transformed as promised."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from restore.cli.files import expand
from restore.errors import InputError, UsageError
from restore.training.data import dihedral, find_images, generator, load_images


def test_images_are_found_below_the_folder_in_a_fixed_order(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("z.png", "b/a.PNG", "notes.txt", "._z.png"):
        (tmp_path / name).write_bytes(b"")
    assert [p.relative_to(tmp_path).as_posix() for p in find_images(tmp_path)] == ["b/a.PNG", "z.png"]


def test_the_suffixes_are_those_of_the_other_commands(tmp_path):
    for suffix in ("png", "jpe", "jfif", "avif", "jp2", "pgm", "gif", "txt", "pdf", "npy", "safetensors"):
        (tmp_path / f"a.{suffix}").write_bytes(b"")
    assert find_images(tmp_path) == sorted(item.path for item in expand([str(tmp_path)]))
    assert len(find_images(tmp_path)) == 7


def test_no_folder_and_an_empty_one_are_told(tmp_path):
    with pytest.raises(UsageError, match="--data"):
        find_images(None)
    with pytest.raises(InputError, match="is not a folder"):
        find_images(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no images"):
        find_images(tmp_path)


def test_gray_becomes_rgb_and_bytes_stay_bytes(tmp_path):
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (5, 7), dtype=np.uint8)
    color = rng.integers(0, 256, (6, 4, 3), dtype=np.uint8)
    Image.fromarray(gray).save(tmp_path / "a.png")
    Image.fromarray(color).save(tmp_path / "b.png")
    seen = []
    one, two = load_images(tmp_path, lambda done, total: seen.append((done, total)))
    assert torch.equal(one, torch.from_numpy(gray).expand(3, -1, -1))
    assert torch.equal(two, torch.from_numpy(color).permute(2, 0, 1))
    assert seen == [(1, 2), (2, 2)]


def test_the_eight_symmetries_are_distinct_and_keep_the_pixels():
    image = torch.arange(9).view(1, 3, 3)
    results = {tuple(dihedral(image, k).flatten().tolist()) for k in range(8)}
    assert len(results) == 8
    assert all(sorted(r) == list(range(9)) for r in results)


def test_a_steps_randomness_depends_on_seed_and_step_alone():
    draws = {(s, k): generator(s, k).integers(1 << 60) for s in (0, 1) for k in (0, 1)}
    assert len(set(draws.values())) == 4
    assert generator(1, 1).integers(1 << 60) == draws[1, 1]
