"""The reader of digits: its shapes, what its recipe writes, and how well the packaged one reads."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import torch

from restore import weights
from restore.errors import InputError, UsageError, WeightsError
from restore.registry import registry
from restore.training import Settings, train
from restore.training.squares import load_digits
from restore_gan.digits import DigitReader, load_reader


@pytest.fixture
def bars(tmp_path, monkeypatch):
    """Digits that anybody could tell: 0 is a bar across, 1 a bar down."""
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    folder = tmp_path / "bars"
    folder.mkdir()
    labels = np.arange(40, dtype=np.uint8) % 2
    images = np.zeros((40, 28, 28), dtype=np.uint8)
    images[labels == 0, 12:16] = 255
    images[labels == 1, :, 12:16] = 255
    for part in ("train", "t10k"):
        header = struct.pack(">4i", 0x803, 40, 28, 28)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 40) + labels.tobytes())
    return folder


def run(folder, data, **options):
    recipe = registry().find("recipe", "digits").build(**options)
    settings = Settings(
        data=data, validation=data, output=folder, options=options, precision="float32", device="cpu", quiet=True
    )
    return train(recipe, settings)


def test_it_learns_what_is_easy_and_is_loaded_again(tmp_path, bars):
    result = run(tmp_path / "run", bars, steps=40, batch_size=16, width=4, learning_rate=0.02, ema=0.5)
    assert result.scores["accuracy"] == 1
    reader = load_reader(result.weights, device="cpu")
    images, labels = load_digits(bars, "t10k")
    assert torch.equal(reader(images / 255.0).argmax(1), labels)
    assert reader.features(images / 255.0).shape == (40, 16)
    alone = reader(images[:1] / 255.0)
    torch.testing.assert_close(alone, reader(images / 255.0)[:1])


def test_missing_test_digits_are_told_before_there_is_a_run(tmp_path, bars):
    (bars / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(InputError, match="t10k"):
        run(tmp_path / "run", bars, steps=2)
    assert not (tmp_path / "run").exists()


def test_the_packaged_one_reads_digits_that_it_has_not_seen(shared_data):
    images, labels = load_digits(shared_data / "mnist", "t10k")
    with torch.inference_mode():
        read = load_reader(device="cpu")(images[:2000] / 255.0).argmax(1)
    # The first half of the test set is the harder one.
    assert float((read == labels[:2000]).double().mean()) > 0.985


def test_what_it_refuses(tmp_path, bars, monkeypatch):
    with pytest.raises(InputError, match=r"digits are \(B, 1, 28, 28\)"):
        DigitReader(width=2)(torch.rand(1, 3, 28, 28))
    other = tmp_path / "other.safetensors"
    weights.write(other, {"a": torch.zeros(1)}, {"model": "srresnet"})
    with pytest.raises(WeightsError, match="holds no weights of a reader"):
        load_reader(other)
    monkeypatch.setattr("restore_gan.digits.SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="not the file that was published"):
        load_reader()
    with pytest.raises(UsageError, match="at least 1"):
        registry().find("recipe", "digits").build(width=0)
    with pytest.raises(UsageError, match="digits are needed"):
        run(tmp_path / "run", None)
