"""A file is there whole, on the disk and under its name, or not at all."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from restore.atomic import replacing
from restore.errors import InputError

RENAMES = ("rename", "replace", "link")


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write(target, data, *, then, **options):
    with replacing(target, **options) as temporary:
        temporary.write_bytes(data)
        then()


@pytest.fixture
def no_hard_links(monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.fixture(params=["hard links", "no hard links"])
def either_file_system(request):
    """As Unix has them, and as FAT and some network drives have not."""
    if request.param == "no hard links":
        request.getfixturevalue("no_hard_links")


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_new_file_in_a_new_folder(overwrite, either_file_system, tmp_path):
    target = tmp_path / "a" / "b" / "new"
    with replacing(target, overwrite=overwrite) as temporary:
        temporary.write_bytes(b"new")
        assert temporary.parent == target.parent
        assert not target.exists()
    assert content(target.parent) == {"new": b"new"}
    assert target.stat().st_nlink == 1


@pytest.mark.parametrize("overwrite", [True, False])
def test_all_bytes_are_on_the_disk_before_the_name_is(overwrite, either_file_system, tmp_path, monkeypatch):
    order = []

    def note(name, original):
        def noted(*arguments, **options):
            order.append((name, os.fstat(arguments[0]).st_size if name == "fsync" else None))
            return original(*arguments, **options)

        return noted

    for name in ("fsync", *RENAMES):
        monkeypatch.setattr(os, name, note(name, getattr(os, name)))
    with replacing(tmp_path / "a", overwrite=overwrite) as temporary:
        temporary.write_bytes(b"12345")
        assert not order
    assert order[0] == ("fsync", 5)
    assert {name for name, _ in order[1:]} <= set(RENAMES)
    assert len(order) >= 2


def test_a_disk_that_fails_when_it_has_to_write_leaves_the_old_file(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError, match="No space left"), replacing(tmp_path / "a") as temporary:
        temporary.write_bytes(b"new")
    assert content(tmp_path) == {"a": b"old"}


def test_a_file_system_that_knows_no_fsync_is_written_to_all_the_same(tmp_path, monkeypatch):
    def unknown(_):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", unknown)
    with replacing(tmp_path / "a") as temporary:
        temporary.write_bytes(b"new")
    assert content(tmp_path) == {"a": b"new"}


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ValueError(), KeyboardInterrupt(), SystemExit()])
@pytest.mark.parametrize("old", [{}, {"a": b"old"}])
def test_whatever_the_block_raises_leaves_what_was_there(old, error, tmp_path):
    for name, data in old.items():
        (tmp_path / name).write_bytes(data)

    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        write(tmp_path / "a", b"half", then=fail)
    assert caught.value is error
    assert content(tmp_path) == old


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o755])
def test_a_replaced_file_keeps_its_permissions_and_a_new_one_follows_the_umask(mode, tmp_path):
    before = os.umask(0o027)
    try:
        for expected in (0o640, mode):
            with replacing(tmp_path / "a") as temporary:
                temporary.write_bytes(b"new")
            assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == expected
            (tmp_path / "a").chmod(mode)
    finally:
        os.umask(before)


def test_nothing_is_replaced_unasked_and_the_block_does_not_even_start(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("a", "dangling"):
        with (
            pytest.raises(InputError, match=f"{name} exists already") as caught,
            replacing(tmp_path / name, overwrite=False),
        ):
            pytest.fail("started")
        assert "overwrite" in caught.value.cure
    assert sorted(path.name for path in tmp_path.iterdir() if not path.is_symlink()) == ["a"]


def test_a_file_that_comes_while_the_block_runs_is_not_replaced(either_file_system, tmp_path):
    with pytest.raises(InputError, match="a exists already"):
        write(tmp_path / "a", b"mine", overwrite=False, then=lambda: (tmp_path / "a").write_bytes(b"another's"))
    assert content(tmp_path) == {"a": b"another's"}


def test_a_claimed_name_is_given_back_where_the_renaming_fails(no_hard_links, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a", overwrite=False) as temporary:
        temporary.write_bytes(b"new")
    assert content(tmp_path) == {}


@pytest.mark.parametrize("overwrite", [True, False])
def test_names_as_long_as_they_may_be(overwrite, tmp_path):
    with replacing(tmp_path / ("n" * 255), overwrite=overwrite) as temporary:
        temporary.write_bytes(b"new")
    assert content(tmp_path) == {"n" * 255: b"new"}
    with pytest.raises(OSError, match="too long"), replacing(tmp_path / ("n" * 256), overwrite=overwrite) as temporary:
        temporary.write_bytes(b"new")
    assert len(content(tmp_path)) == 1


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a", overwrite=False):
        pass
    assert content(tmp_path) == {}
