"""Digits that anybody could tell, in the files of MNIST and USPS, and runs of recipes on them."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from restore.registry import registry
from restore.training import Settings, train


def bars(count, side, thick=4):
    """0 is a bar across, 1 a bar down."""
    labels = np.arange(count, dtype=np.uint8) % 2
    images = np.zeros((count, side, side), dtype=np.uint8)
    middle = slice(side // 2 - thick // 2, side // 2 + thick // 2)
    images[labels == 0, middle] = 255
    images[labels == 1, :, middle] = 255
    return images, labels


@pytest.fixture
def digits(tmp_path):
    """A folder with ``mnist`` and ``usps``: 40 and 30 training digits, 20 and 10 to test on."""
    folder = tmp_path / "digits"
    (folder / "mnist").mkdir(parents=True)
    (folder / "usps").mkdir()
    for part, count in (("train", 40), ("t10k", 20)):
        images, labels = bars(count, 28)
        header = struct.pack(">4i", 0x803, count, 28, 28)
        (folder / "mnist" / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
        (folder / "mnist" / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 0x801, count) + labels.tobytes()
        )
    (x_train, y_train), (x_test, y_test) = bars(30, 16, 2), bars(10, 16, 2)
    np.savez(folder / "usps" / "usps.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return folder


@pytest.fixture
def build():
    """Make a recipe with small networks."""

    def made(name, **options):
        small = {"width": 0.02, "latent": 5, "steps": 4, "batch_size": 3, "seed": 3}
        return registry().find("recipe", name).build(**{**small, **options})

    return made


@pytest.fixture
def run(monkeypatch, build):
    """Carry a recipe out."""
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    monkeypatch.setattr("restore_cogan.coupled.POPULATION", 256)
    monkeypatch.setattr("restore_cogan.recipe.SCORED", 20)

    def carried(name, folder, data, recipe=None, resume=False, every=2, **options):
        settings = Settings(
            data=data, output=folder, options=options, precision="float32", device="cpu", quiet=True, log_every=1,
            checkpoint_every=2, validate_every=every, resume=resume,
        )  # fmt: skip
        return train(recipe or build(name, **options), settings)

    return carried
