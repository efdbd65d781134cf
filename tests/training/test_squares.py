"""Small squares from idx files, zips and folders: which pixels, in which order, and what is refused."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from restore.errors import InputError, UsageError
from restore.training.squares import load_digits, load_squares


def silent(done, total):
    pass


def picture(width, height, seed=0, mode="RGB"):
    shape = (height, width) if mode == "L" else (height, width, 3)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def zipped(path, **pictures):
    with zipfile.ZipFile(path, "w") as archive:
        for name, image in pictures.items():
            content = io.BytesIO()
            image.save(content, "png")
            archive.writestr(f"inner/{name}.png", content.getvalue())
        archive.writestr("inner/notes.txt", "no image")
    return path


def idx(pixels):
    return struct.pack(">4i", 0x803, *pixels.shape) + pixels.tobytes()


@pytest.fixture
def digits(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(pixels[:1]))
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels)))
    return tmp_path, torch.from_numpy(pixels)


def test_digits_are_the_training_part_as_they_are(digits):
    folder, pixels = digits
    squares, told = load_squares(folder, 28, silent, colors="gray")
    assert torch.equal(squares, pixels[:, None])
    assert told == "5 images of train-images-idx3-ubyte.gz, 28 x 28"
    assert torch.equal(load_squares(folder, 28, silent, first=2)[0], pixels[:2, None].expand(-1, 3, -1, -1))


def test_digits_get_a_black_border(digits):
    folder, pixels = digits
    squares, _ = load_squares(folder, 32, silent, colors="gray")
    assert torch.equal(squares[:, 0, 2:30, 2:30], pixels)
    squares[:, 0, 2:30, 2:30] = 0
    assert not squares.any()


def test_digits_with_labels(digits):
    folder, pixels = digits
    labels = np.array([7, 2, 1, 0, 9], dtype=np.uint8)
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 5) + labels.tobytes())
    images, read = load_digits(folder, "train")
    assert torch.equal(images[:, 0], pixels)
    assert read.tolist() == [7, 2, 1, 0, 9]
    with pytest.raises(InputError, match="lacks t10k-labels-idx1-ubyte"):
        load_digits(folder, "t10k")
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 5) + bytes([1, 2, 3, 4, 10]))
    with pytest.raises(InputError, match="has labels of train up to 10"):
        load_digits(folder, "train")
    (folder / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 2) + b"\1\2")
    with pytest.raises(InputError, match="5 digits and 2 labels"):
        load_digits(folder, "train")
    with pytest.raises(UsageError, match="digits are needed"):
        load_digits(None, "train")


def test_faces_of_celeba_are_cut_by_their_box(tmp_path):
    image = picture(89, 109)
    zipped(tmp_path / "images.zip", b=image, a=picture(89, 109, 1))
    (tmp_path / "attributes.txt").write_text("beside it\n")
    squares, told = load_squares(tmp_path, 64, silent)
    assert torch.equal(squares[1], torch.from_numpy(np.array(image.crop((12, 26, 76, 90)))).permute(2, 0, 1))
    assert told == "2 images, 64 x 64, crop auto"
    only, _ = load_squares(tmp_path / "images.zip", 64, silent, first=1)
    assert torch.equal(only, squares[:1])
    centre, _ = load_squares(tmp_path, 89, silent, crop="centre")
    assert torch.equal(centre[1], torch.from_numpy(np.array(image.crop((0, 10, 89, 99)))).permute(2, 0, 1))


def test_any_folder_is_cut_around_its_centres_and_resized(tmp_path):
    image = picture(30, 20)
    image.save(tmp_path / "b.png")
    picture(24, 24, 1, "L").save(tmp_path / "a.png")
    squares, _ = load_squares(tmp_path, 10, silent)
    assert squares.shape == (2, 3, 10, 10)
    assert torch.equal(squares[0, 0], squares[0, 2])
    halved = image.crop((5, 0, 25, 20)).resize((10, 10), Image.Resampling.BICUBIC)
    difference = squares[1].int() - torch.from_numpy(np.array(halved)).permute(2, 0, 1).int()
    assert difference.abs().float().mean() < 4
    assert load_squares(tmp_path, 10, silent, colors="gray")[0].shape == (2, 1, 10, 10)


def test_what_cannot_be_used(tmp_path):
    with pytest.raises(UsageError, match="images are needed"):
        load_squares(None, 8, silent)
    with pytest.raises(InputError, match="holds no images"):
        load_squares(tmp_path, 8, silent)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=r"broken\.zip is no zip that can be read"):
        load_squares(broken, 8, silent)
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("a.png", b"no png")
    with pytest.raises(InputError, match=r"broken\.zip: a\.png: "):
        load_squares(tmp_path, 8, silent)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x01" + b"\0" * 12)
    with pytest.raises(InputError, match="is no idx file that can be used"):
        load_squares(tmp_path, 8, silent)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, 0, 28, 28))
    with pytest.raises(InputError, match="it holds nothing"):
        load_squares(tmp_path, 8, silent)
