"""``restore weights`` with the networks that others published."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from click.testing import CliRunner

from restore.cli import cli
from restore.published import Network, digest_of
from restore.registry import registry
from restore.weights import digest
from restore_losses.networks import NETWORKS as NETWORKS_OF_LOSSES
from restore_measurement.networks import NETWORKS

STATE = {f"0.{part}": torch.arange(6.0) for part in ("weight", "bias")}


def call(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["weights", *map(str, arguments)])


@pytest.fixture(autouse=True)
def network(tmp_path, monkeypatch):
    """lpips-alex, small and published in this folder."""
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    torch.save(STATE, tmp_path / "net.pth")
    small = dataclasses.replace(
        NETWORKS["alex"], layers=("0",), known=1, digest=digest_of(STATE),
        url=(tmp_path / "net.pth").as_uri(), sha256=digest(tmp_path / "net.pth"),
    )  # fmt: skip
    monkeypatch.setitem(NETWORKS, "alex", small)
    monkeypatch.setitem(NETWORKS_OF_LOSSES, "alexnet", small)  # the same one: losses see with it too
    registry.cache_clear()
    yield Network(small)
    registry.cache_clear()


def listed():
    return {entry["name"]: entry for entry in json.loads(call("list", "--json").stdout)["weights"]}


@pytest.mark.parametrize("command", [("import", "lpips-alex", "net.pth"), ("fetch", "lpips-alex")])
def test_absent_then_imported(network, command):
    before = listed()["lpips-alex"]
    assert (before["state"], before["path"], before["digest"]) == ("absent", None, network.spec.digest)
    assert before["used_by"] == ["restore-toolkit:perceptual", "restore-toolkit:lpips"]
    assert call("verify").exit_code == 0  # nobody needs it
    assert call("verify", "lpips-alex").exit_code == 4
    result = call(*command)
    assert result.exit_code == 0, result.stderr
    assert f"lpips-alex lies in {network.path}" in result.stderr.replace("\n", "")
    after = listed()["lpips-alex"]
    assert (after["state"], after["path"], after["parameters"]) == ("imported", str(network.path), 12)
    assert "ok   lpips-alex" in call("verify").stdout


def test_fetching_twice_downloads_once(network, tmp_path):
    assert call("fetch", "lpips-alex").exit_code == 0
    (tmp_path / "net.pth").unlink()
    again = call("fetch", "lpips-alex")
    assert (again.exit_code, "already" in again.stderr) == (0, True)
    network.path.write_bytes(b"damaged")
    assert call("verify").exit_code == 4
    assert call("fetch", "lpips-alex").exit_code == 4  # tried again, and the file is gone


def test_another_file(tmp_path):
    torch.save({"0.weight": torch.ones(6), "0.bias": torch.ones(6)}, tmp_path / "other.pth")
    result = call("import", "lpips-alex", "other.pth")
    assert (result.exit_code, "is not lpips-alex" in result.stderr) == (4, True)


def test_names():
    for command in (["fetch", "lpips-alx"], ["import", "lpips-alx", "net.pth"], ["verify", "lpips-alx"]):
        result = call(*command)
        assert (result.exit_code, "did you mean lpips-alex?" in result.stderr) == (3, True)


def test_they_are_told_of_where_their_metric_is_installed(monkeypatch):
    assert {"lpips-alex", "lpips-squeeze", "lpips-vgg"} <= listed().keys()
    monkeypatch.setenv("RESTORE_PLUGINS", "")
    registry.cache_clear()
    assert not listed()
