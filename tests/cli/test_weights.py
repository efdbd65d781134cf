"""``restore weights``: list, verify, import, convert, and what they refuse."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load, save

from restore.cli import cli

CONTENT = save({"a": torch.arange(3.0)}, {"format": "restore-1"})
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PLUGIN = f"""
from restore.plugin import ModelSpec, WeightsSpec, hookimpl

@hookimpl
def restore_models():
    weights = tuple(
        WeightsSpec(tag=tag, file=f"restore_good:{{tag}}.safetensors", sha256="{DIGEST}", licence="CC0-1.0")
        for tag in ("here", "away")
    )
    return [ModelSpec(name="net", factory="restore_good.net:Net", task="denoising", weights=weights),
            ModelSpec(name="bare", factory="restore_good.net:Net", task="denoising")]
"""


class Evil:
    def __reduce__(self):
        return os.system, ("mkdir owned",)


def call(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["weights", *map(str, arguments)])


@pytest.fixture
def good(site, tmp_path, monkeypatch):
    """A model with two weights, one of which the package lacks; the working folder holds both files."""
    monkeypatch.setenv("RESTORE_PLUGINS", "restore-good")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.safetensors").write_bytes(CONTENT)
    return site.install("restore-good", PLUGIN, files={"here.safetensors": CONTENT})


def test_list(good):
    result = call("list")
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [
        ["net.here", "packaged"],
        ["net.away", "absent"],
    ]
    here, away = json.loads(call("list", "--json").stdout)["weights"]
    assert (here["parameters"], here["dtypes"], here["metadata"]) == (3, ["F32"], {"format": "restore-1"})
    assert (here["sha256"], here["bytes"], here["path"]) == (
        DIGEST,
        len(CONTENT),
        str(good / "here.safetensors"),
    )
    assert (away["state"], away["path"]) == ("absent", None)


def test_nothing_to_list(site, monkeypatch):
    monkeypatch.setenv("RESTORE_PLUGINS", "")
    result = call("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no installed model has weights" in result.stderr


def test_verify(good):
    assert call("verify", "net.here").exit_code == 0
    assert call("verify", "net").stdout == "ok   net.here\n"
    everything = call("verify")
    assert everything.exit_code == 4
    assert "bad  net.away" in everything.stdout
    assert "restore weights import net.away FILE" in everything.stdout


@pytest.mark.parametrize(
    "damaged",
    [CONTENT[:-1], CONTENT[:20], CONTENT[:-1] + b"\x01", b""],
    ids=["cut", "header", "bit", "empty"],
)
def test_a_damaged_file_fails_its_hash(good, damaged):
    (good / "here.safetensors").write_bytes(damaged)
    result = call("verify", "net.here", "--json")
    assert result.exit_code == 4
    [found] = json.loads(result.stdout)["weights"]
    assert found["ok"] is False
    assert f"its sha256 is {hashlib.sha256(damaged).hexdigest()[:12]}" in found["error"]
    assert call("list", "--json").exit_code == 0


def test_import_puts_a_file_into_the_store(good, tmp_path):
    result = call("import", "net.away", "w.safetensors")
    assert result.exit_code == 0
    stored = tmp_path / "home" / "weights"
    [path] = stored.iterdir()
    assert str(path) in result.stderr
    assert path.read_bytes() == CONTENT
    assert call("verify").exit_code == 0
    away = json.loads(call("list", "--json").stdout)["weights"][1]
    assert (away["state"], away["path"]) == ("imported", str(path))


def test_import_mends_a_damaged_package(good):
    (good / "here.safetensors").write_bytes(CONTENT[:-1])
    assert call("verify", "net.here").exit_code == 4
    assert call("import", "net.here", "w.safetensors").exit_code == 0
    assert call("verify", "net.here").exit_code == 0


def test_import_refuses_another_file(good, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(CONTENT[:-1] + b"\x01")
    result = call("import", "net.away", "w.safetensors")
    assert result.exit_code == 4
    assert "not the file that was published" in result.stderr
    assert not (tmp_path / "home").exists()
    assert call("import", "net.away", "absent").exit_code == 4


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("net.awy", 3, "did you mean net.away?"),
        ("nett", 3, "did you mean net?"),
        ("bare", 4, "'bare' has no weights"),
    ],
)
def test_names_that_mean_nothing(good, name, code, told):
    for command in (["verify", name], ["import", name, "w.safetensors"]):
        result = call(*command)
        assert result.exit_code == code
        assert told in result.stderr


def test_convert(good, tmp_path):
    torch.save({"state_dict": {"module.a": torch.arange(3.0)}}, tmp_path / "net.pth")
    result = call("convert", "net.pth", "out/net.safetensors", "--half")
    assert result.exit_code == 0, result.stderr
    path = tmp_path / "out/net.safetensors"
    assert load(path.read_bytes())["a"].tolist() == [0, 1, 2]
    assert "1 tensors, 3 numbers" in result.stderr
    assert hashlib.sha256(path.read_bytes()).hexdigest() in result.stderr


def test_convert_refuses_to_run_a_program(good, tmp_path):
    torch.save({"a": torch.ones(3), "b": Evil()}, tmp_path / "net.pth")
    result = call("convert", "net.pth", "net.safetensors")
    assert result.exit_code == 4
    assert "reading it could run code: refused" in result.stderr
    assert not (tmp_path / "owned").exists()
    assert not (tmp_path / "net.safetensors").exists()


def test_convert_replaces_nothing_unasked(good, tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "net.pth")
    refused = call("convert", "net.pth", "w.safetensors")
    assert (refused.exit_code, "--overwrite replaces it" in refused.stderr) == (2, True)
    assert (tmp_path / "w.safetensors").read_bytes() == CONTENT
    assert call("convert", "net.pth", "w.safetensors", "--overwrite").exit_code == 0
    wrong = call("convert", "net.pth", "net.pt")
    assert (wrong.exit_code, "write net.safetensors" in wrong.stderr) == (2, True)
