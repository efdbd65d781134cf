"""Weights: where they are found, what is refused, and that the same state gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
import safetensors
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from restore import weights
from restore.errors import WeightsError
from restore.registry import registry

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(7)}
CONTENT = save(STATE, {"format": "restore-1"})
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PLUGIN = f"""
from restore.plugin import ModelSpec, WeightsSpec, hookimpl

@hookimpl
def restore_models():
    pretrained = WeightsSpec(tag="x4", file="restore_good:data/w.safetensors", sha256="{DIGEST}")
    return [ModelSpec(name="net", factory="restore_good.net:Net", task="denoising", weights=(pretrained,))]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def installed(site):
    """Install a model whose weights have this content, or none; return the component and its weights."""

    def install(content: bytes | None = CONTENT):
        site.install("restore-good", PLUGIN, files={} if content is None else {"data/w.safetensors": content})
        return registry().find_weighted("model", "net")

    return install


def test_digest_of_the_example_of_the_standard(tmp_path):
    """FIPS 180-4's example: the message is the three letters abc."""
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert weights.digest(tmp_path / "abc") == expected
    weights.verify(tmp_path / "abc", expected)
    with pytest.raises(WeightsError, match=r"its sha256 is ba7816bf8f01\.\.\., not 000000000000"):
        weights.verify(tmp_path / "abc", "0" * 64)


def test_the_store_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "home"))
    assert weights.store() == tmp_path / "home" / "weights"
    monkeypatch.delenv("RESTORE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert weights.store() == tmp_path / "cache" / "restore" / "weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.store() == tmp_path / ".cache" / "restore" / "weights"


def test_packaged_weights_are_found_without_importing_the_package(installed, site):
    assert weights.locate(*installed()) == site.folder / "restore_good/data/w.safetensors"
    assert "restore_good.net" not in sys.modules


def test_absent_weights_tell_how_to_get_them(installed):
    with pytest.raises(WeightsError, match=r"net\.x4 are not here: restore-good lacks") as caught:
        weights.locate(*installed(None))
    assert "restore weights import net.x4 FILE" in caught.value.cure
    assert weights.resource("absent_package:w.safetensors") is None


def test_imported_weights_lie_in_the_store(installed, file):
    component, spec = installed(None)
    path = weights.install(file, component, spec)
    assert path.parent == weights.store()
    assert path.read_bytes() == CONTENT
    assert weights.locate(component, spec) == path
    assert list(path.parent.iterdir()) == [path]


def test_importing_mends_a_package_that_is_damaged(installed, file):
    component, spec = installed(CONTENT[:-1])
    weights.install(file, component, spec)
    state, _ = weights.read(weights.locate(component, spec), spec.sha256)
    assert torch.equal(state["conv.weight"], STATE["conv.weight"])


def test_another_version_in_the_store_is_another_file(installed, file):
    component, spec = installed()
    old = type(spec)(tag="x4", file=spec.file, sha256="0" * 64)
    weights.stored(component, old).parent.mkdir(parents=True)
    weights.stored(component, old).write_bytes(b"of an older version")
    weights.read(weights.locate(component, spec), spec.sha256)


def test_a_file_of_another_hash_is_not_imported(installed, file):
    component, spec = installed(None)
    file.write_bytes(CONTENT[:-1] + b"\x01")
    with pytest.raises(WeightsError, match="not the file that was published"):
        weights.install(file, component, spec)
    assert not weights.store().exists()


def test_the_header_is_the_library_s_own(file):
    found = weights.header(file)
    assert found.tensors == {"conv.weight": ("F32", (2, 3)), "steps": ("I64", ())}
    assert (found.metadata, found.parameters) == ({"format": "restore-1"}, 7)


def framed(table: object) -> bytes:
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
FOREIGN = {
    "empty": b"",
    "short": b"\x01\x02",
    "text": b"no safetensors file at all",
    "length beyond the file": (1 << 40).to_bytes(8, "little") + b"{}",
    "no JSON": (4).to_bytes(8, "little") + b"}{}{",
    "no UTF-8": (4).to_bytes(8, "little") + b"\xff\xfe\xfd\xfc",
    "a list": framed([1, 2]),
    "a number": framed(12345),
    "deep nesting": (100_000).to_bytes(8, "little") + b"[" * 100_000,
    "an entry that is text": framed({"a": "F32"}),
    "a shape that is text": framed({"a": {**ENTRY, "shape": "ab"}}) + bytes(4),
    "a shape that is a number": framed({"a": {**ENTRY, "shape": 3}}) + bytes(4),
    "no offsets": framed({"a": {"dtype": "F32", "shape": [1]}}),
    "one offset": framed({"a": {**ENTRY, "data_offsets": [4]}}) + bytes(4),
    "a zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_safetensors_file(file, content):
    file.write_bytes(content)
    for refuse in (weights.header, weights.read):
        with pytest.raises(WeightsError, match="not a safetensors file"):
            refuse(file)


@pytest.mark.parametrize(("name", "to"), [("w.pth", "w.safetensors"), ("w.safetensors", "w-converted.safetensors")])
def test_the_cure_for_a_foreign_file_does_not_write_over_it(tmp_path, name, to):
    (tmp_path / name).write_bytes(FOREIGN["a zip"])
    with pytest.raises(WeightsError) as caught:
        weights.header(tmp_path / name)
    assert f"restore weights convert {name} {to} " in caught.value.cure


@given(st.integers(1, len(CONTENT) - 1))
def test_a_file_that_is_cut_short_is_never_read(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("cut") / "w.safetensors"
    path.write_bytes(CONTENT[:length])
    with pytest.raises(WeightsError, match=r"cut short|not a safetensors file"):
        weights.header(path)
    with pytest.raises(WeightsError):
        weights.read(path)


def test_how_much_is_missing_is_told(file):
    file.write_bytes(CONTENT[:-3])
    with pytest.raises(WeightsError, match="its last 3 bytes are missing"):
        weights.header(file)


def test_absent_files_and_folders_are_told(tmp_path):
    for path, reason in ((tmp_path / "absent", "No such file"), (tmp_path, "Is a directory")):
        for refuse in (weights.header, weights.read, weights.digest):
            with pytest.raises(WeightsError, match=f"cannot be read: {reason}"):
                refuse(path)


def test_a_hash_is_checked_before_the_file_is_opened(file, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("opened")

    monkeypatch.setattr(safetensors, "safe_open", never)
    with pytest.raises(WeightsError, match="not the file that was published"):
        weights.read(file, "0" * 64)


def test_reading_gives_float32_copies(file):
    half = {"a": torch.tensor([0.5, 1.5]).half(), "b": torch.tensor([3], dtype=torch.int16)}
    file.write_bytes(save(half))
    state, metadata = weights.read(file, hashlib.sha256(file.read_bytes()).hexdigest())
    assert state["a"].dtype is torch.float32
    assert state["a"].tolist() == [0.5, 1.5]
    assert state["b"].dtype is torch.int16
    assert metadata == {}
    state["a"][0] = 9  # the file is no longer mapped
    assert load(file.read_bytes())["a"][0] == 0.5


def test_the_same_state_gives_the_same_bytes(tmp_path):
    metadata = {f"key {i}": "ä" * i for i in range(20)}
    for name in ("one", "two"):
        weights.write(tmp_path / name, STATE, dict(sorted(metadata.items(), reverse=name == "two")))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safetensors.safe_open(tmp_path / "one", "pt") as file:
        assert file.metadata() == metadata
        assert torch.equal(file.get_tensor("conv.weight"), STATE["conv.weight"])


def test_half_precision_is_asked_for_and_never_overflows(file):
    weights.write(file, STATE, {}, half=True)
    assert {name: tensor.dtype for name, tensor in load(file.read_bytes()).items()} == {
        "conv.weight": torch.float16, "steps": torch.int64,
    }  # fmt: skip
    before = file.read_bytes()
    with pytest.raises(WeightsError, match="a has values that float16 cannot hold"):
        weights.write(file, {"a": torch.tensor([65520.0])}, {}, half=True)
    assert file.read_bytes() == before


def test_tied_and_strided_tensors_are_written(file):
    shared = torch.arange(6.0).reshape(2, 3)
    weights.write(file, {"a": shared, "b": shared, "c": shared.T}, {})
    assert torch.equal(load(file.read_bytes())["c"], shared.T)


def test_a_place_that_cannot_be_written_is_told(file):
    with pytest.raises(WeightsError, match="cannot be written"):
        weights.write(file / "below a file" / "w.safetensors", STATE, {})
    assert file.read_bytes() == CONTENT
