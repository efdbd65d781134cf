"""Writing files: complete or not at all, where and as asked."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from restore import images
from restore.errors import InputError, UsageError


@pytest.fixture
def photo():
    return images.load(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))


def opened(path):
    with Image.open(path) as image:
        return np.array(image)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_new_files_follow_the_umask_and_replaced_ones_keep_their_permissions(umask, photo, tmp_path):
    before = os.umask(umask)
    try:
        path = photo.save(tmp_path / "a.png")
        assert mode(path) == 0o666 & ~umask
        path.chmod(0o640)
        photo.save(path, overwrite=True)
    finally:
        os.umask(before)
    assert mode(path) == 0o640


def test_nothing_is_replaced_unasked(photo, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="exists already"):
        photo.save(path)
    assert path.read_bytes() == b"old"
    photo.save(path, overwrite=True)
    np.testing.assert_array_equal(opened(path), photo.numpy())


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("encoder"), KeyboardInterrupt()])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_failure_leaves_the_old_file_and_no_other(error, suffix, photo, tmp_path, monkeypatch):
    def half(self_or_file, *arguments, **options):
        file = arguments[0] if isinstance(self_or_file, Image.Image) else self_or_file
        file.write(b"half")
        raise error

    monkeypatch.setattr("tifffile.imwrite", half)
    monkeypatch.setattr(Image.Image, "save", half)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"old")
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else InputError
    with pytest.raises(expected) as caught:
        photo.save(path, overwrite=True)
    if expected is InputError:
        assert str(path) in caught.value.message
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {path.name: b"old"}


def test_links_are_followed_and_the_name_that_was_given_decides_the_format(photo, tmp_path):
    (tmp_path / "store").mkdir()
    blob = tmp_path / "store" / "0123abcd"
    link = tmp_path / "photo.png"
    link.symlink_to(blob)
    assert photo.save(link) == blob.resolve()
    assert link.is_symlink()
    assert blob.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="exists already"):
        photo.save(link)
    blob.with_suffix(".jpg").symlink_to(blob)
    photo.save(blob.with_suffix(".jpg"), overwrite=True)
    assert blob.read_bytes().startswith(b"\xff\xd8")
    np.testing.assert_array_equal(images.load(link).numpy(), opened(blob))


def test_a_link_to_itself_is_no_traceback(photo, tmp_path):
    link = tmp_path / "a.png"
    link.symlink_to(link)
    with pytest.raises(InputError, match="exists already"):
        photo.save(link)
    assert photo.save(link, overwrite=True) == link
    np.testing.assert_array_equal(opened(link), photo.numpy())


def test_a_file_that_comes_while_an_image_is_encoded_is_not_replaced(photo, tmp_path, monkeypatch):
    def slow(array, file, **options):
        (tmp_path / "a.tif").write_bytes(b"another's")

    monkeypatch.setattr("tifffile.imwrite", slow)
    with pytest.raises(InputError, match="exists already") as caught:
        photo.save(tmp_path / "a.tif")
    assert "--overwrite" in caught.value.cure
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.tif": b"another's"}


def test_the_bytes_are_on_the_disk_before_the_name_is(photo, tmp_path, monkeypatch):
    synced, sync = [], os.fsync

    def noted(handle):
        synced.append((os.fstat(handle).st_ino, os.fstat(handle).st_size, (tmp_path / "a.png").exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    found = photo.save(tmp_path / "a.png").stat()
    assert synced == [(found.st_ino, found.st_size, False)]


@pytest.mark.parametrize(
    "name",
    ["ünï.png", "照片" * 40 + ".png", "a b'c\"d.PNG", "-x.png", "a\nb.png", ".hidden.png", "n" * 251 + ".png",
     "%d.png", "\udcff.png"],
)  # fmt: skip
def test_odd_and_long_names(name, photo, tmp_path):
    path = photo.save(tmp_path / "new" / "folder" / name)
    assert [p.name for p in path.parent.iterdir()] == [name]
    np.testing.assert_array_equal(images.load(path).numpy(), photo.numpy())
    np.testing.assert_array_equal(images.load(str(path)).numpy(), photo.numpy())
    with os.scandir(path.parent) as entries:
        np.testing.assert_array_equal(images.load(next(entries)).numpy(), photo.numpy())


def test_places_where_nothing_can_be_written(photo, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "file" / "a.png", tmp_path / ("n" * 300 + ".png"), tmp_path / "a\0b.png"):
        with pytest.raises(InputError, match="cannot be written"):
            photo.save(path)
    with pytest.raises(InputError, match="cannot be written"):
        photo.save(tmp_path / "folder.png", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.png"]


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_that_does_not_exist(quality, photo, tmp_path):
    with pytest.raises(UsageError, match=f"quality {quality}"):
        photo.save(tmp_path / "a.jpg", quality=quality)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "words"), [("a.xyz", "as .xyz"), ("a", "file without suffix"), ("a.gif", "as .gif")])
def test_formats_that_are_not_written(name, words, photo, tmp_path):
    with pytest.raises(InputError, match=words):
        photo.save(tmp_path / name)


def test_a_batch_is_not_one_file(tmp_path):
    import torch

    with pytest.raises(InputError, match="holds 2 images"):
        images.load(torch.zeros(2, 3, 4, 4)).save(tmp_path / "a.tif")


@pytest.mark.parametrize(("suffix", "side"), [("jpg", 65501), ("webp", 16384)])
def test_formats_of_a_largest_side(suffix, side, tmp_path):
    with pytest.raises(InputError, match=f"at most {side - 1} pixels a side"):
        images.load(np.zeros((1, side), np.uint8)).save(tmp_path / f"a.{suffix}")
    assert images.load(images.load(np.zeros((1, side - 1), np.uint8)).save(tmp_path / f"a.{suffix}")).width == side - 1


def test_chroma_is_not_subsampled_at_high_quality(tmp_path):
    stripes = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8).repeat(16, 0)
    for quality, sampling in ((95, 0), (90, 0), (80, 2)):
        with Image.open(images.load(stripes).save(tmp_path / f"{quality}.jpg", quality=quality)) as image:
            assert JpegImagePlugin.get_sampling(image) == sampling
