"""Which images a benchmark runs on, and how they are known."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from restore.benchmark.datasets import find_datasets
from restore.cli.degrade import seed_of
from restore.errors import InputError, UsageError


def picture(path: Path, shade: int = 100, size: tuple[int, int] = (9, 7)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, shade, shade)).save(path)
    return path


def test_folders_of_the_protocols_data_sets_are_found_in_its_order_whatever_their_case(tmp_path):
    for name in ("Set14", "set5", "holiday"):
        picture(tmp_path / name / "a.png")
    found = find_datasets(tmp_path, ["set5", "set14", "bsd100"])
    assert [(d.name, d.folder.name) for d in found] == [("set5", "set5"), ("set14", "Set14")]


def test_any_other_folder_is_a_data_set_under_its_own_name(tmp_path):
    picture(tmp_path / "holiday" / "b.png")
    picture(tmp_path / "holiday" / "a.jpg")
    picture(tmp_path / "holiday" / "deep" / "c.png")
    [found] = find_datasets(tmp_path / "holiday", ["set5"])
    assert (found.name, [i.name for i in found.images]) == ("holiday", ["a", "b"])
    assert [i.name for i in find_datasets(tmp_path / "holiday", [], limit=1)[0].images] == ["a"]


def test_the_current_folder_has_a_name_too(tmp_path, monkeypatch):
    picture(tmp_path / "holiday" / "a.png")
    monkeypatch.chdir(tmp_path / "holiday")
    assert find_datasets(Path(), [])[0].name == "holiday"


def test_masks_hidden_files_and_notes_are_no_images(tmp_path):
    for name in ("a.png", "a.mask.png", ".b.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    assert [i.name for i in find_datasets(tmp_path, [])[0].images] == ["a"]


def test_an_image_is_known_by_the_hash_of_its_file_and_its_upright_size(tmp_path):
    path = picture(tmp_path / "a.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    plain, turned = find_datasets(tmp_path, [])[0].images
    assert plain.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (plain.width, plain.height) == (9, 7)
    assert (turned.width, turned.height) == (20, 30)


def test_a_name_that_is_no_unicode_can_be_written_into_a_report(tmp_path):
    try:
        picture(tmp_path / os.fsdecode(b"caf\xe9.png"))
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    [image] = find_datasets(tmp_path, [])[0].images
    assert image.name == "caf\N{REPLACEMENT CHARACTER}"
    assert image.width == 9
    assert image.seed(0) == int(hashlib.sha256(b"0/caf\xe9.png").hexdigest()[:12], 16)


def test_a_damaged_file_is_listed_without_a_size(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    [image] = find_datasets(tmp_path, [])[0].images
    assert (image.width, image.height) == (None, None)


def test_folders_and_pipes_that_are_called_as_images_are_none(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "a.jpg" / "deep.png")  # nor do they share a name with one
    os.mkfifo(tmp_path / "b.png")
    assert [i.path.name for i in find_datasets(tmp_path, [])[0].images] == ["a.png"]


def test_a_file_that_cannot_be_read_is_listed_without_a_hash(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "c.png").symlink_to(tmp_path / "c.png")
    [found] = find_datasets(tmp_path, [])
    assert [(i.name, i.sha256, i.width) for i in found.images[1:]] == [("b", None, None), ("c", None, None)]
    assert found.record()["images"][1] == {"name": "b", "sha256": None, "width": None, "height": None}
    lines = f"{found.images[0].sha256}  a\n-  b\n-  c\n"
    assert found.hash == hashlib.sha256(lines.encode()).hexdigest()


def test_a_folder_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        find_datasets(tmp_path, [])


def test_the_hash_of_a_data_set_depends_on_names_and_bytes_and_on_nothing_else(tmp_path):
    picture(tmp_path / "one" / "a.png")
    picture(tmp_path / "same" / "a.png")
    picture(tmp_path / "other" / "a.png", shade=101)
    picture(tmp_path / "renamed" / "b.png")
    hashes = {n: find_datasets(tmp_path / n, [])[0].hash for n in ("one", "same", "other", "renamed")}
    assert hashes["one"] == hashes["same"]
    assert len(set(hashes.values())) == 3
    content = hashlib.sha256((tmp_path / "one/a.png").read_bytes()).hexdigest()
    assert hashes["one"] == hashlib.sha256(f"{content}  a\n".encode()).hexdigest()


def test_seeds_are_those_of_restore_degrade(tmp_path):
    picture(tmp_path / "a.png")
    [image] = find_datasets(tmp_path, [])[0].images
    assert image.seed(7) == seed_of(7, Path("a.png"))
    assert image.seed(7) == int(hashlib.sha256(b"7/a.png").hexdigest()[:12], 16)


def test_what_cannot_be_a_data_set_is_told_with_a_cure(tmp_path):
    with pytest.raises(UsageError, match="does not exist") as caught:
        find_datasets(tmp_path / "nowhere", ["set5"])
    assert "set5" in caught.value.cure
    picture(tmp_path / "photo.png")
    with pytest.raises(UsageError, match=r"photo\.png is a file, not a folder"):
        find_datasets(tmp_path / "photo.png", ["set5"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no images"):
        find_datasets(tmp_path / "empty", [])
    picture(tmp_path / "twice" / "a.png")
    picture(tmp_path / "twice" / "a.jpg")
    with pytest.raises(InputError, match="nothing but the suffix"):
        find_datasets(tmp_path / "twice", [])
