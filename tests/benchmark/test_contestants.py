"""Which models take part, under which names, with which options and weights."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch

from restore import weights as store
from restore.benchmark import find_protocol
from restore.benchmark.contestants import line_up
from restore.errors import PluginError, UnknownNameError, UsageError, WeightsError
from restore.plugin import WeightsSpec
from restore.registry import Registry, registry

CPU = torch.device("cpu")


def names(protocol, *models):
    return [c.name for c in line_up(find_protocol(protocol), models, device=CPU)]


def test_baselines_come_first_and_a_model_takes_part_once(lab):
    assert names("lab", "dice", "plain", "plain:scale=2", "dice") == ["plain", "dice"]
    [baseline, own] = line_up(find_protocol("lab"), ["dice"], device=CPU)
    assert (baseline.baseline, own.baseline) == (True, False)


def test_the_protocols_scale_is_an_option_of_those_that_have_one(lab):
    protocol = replace(find_protocol("lab"), scale=3, degradation="bicubic:scale=3")
    [plain] = line_up(protocol, [], device=CPU)
    assert plain.record()["options"] == {"scale": 3}
    assert plain.load("cpu").scale == 3


def test_names_are_unique_and_fit_for_folders(lab):
    found = line_up(
        find_protocol("lab"), ["restore-lab:dice", "lanczos:scale=2", "restore-toolkit:nearest"], device=CPU
    )
    assert [c.name for c in found] == ["plain", "restore-lab-dice", "lanczos-scale=2", "restore-toolkit-nearest"]
    record = found[1].record()
    assert (record["spec"], record["distribution"], record["version"]) == ("restore-lab:dice", "restore-lab", "1.0")


def test_keys_differ_where_a_result_could(lab):
    protocol = find_protocol("lab")
    keys = [c.key for c in line_up(protocol, ["dice", "slow"], device=CPU)]
    assert len(set(keys)) == 3
    again = [c.key for c in line_up(protocol, ["slow", "dice"], device=CPU)]
    assert again == [keys[0], keys[2], keys[1]]
    half = line_up(protocol, ["slow"], device=CPU, precision="bfloat16")
    assert half[1].key != keys[2]


def test_weights_of_ones_own_are_known_by_their_hash(lab, tmp_path):
    file = tmp_path / "my model.safetensors"
    store.write(file, {}, {"model": "dice"})
    [_, dice] = line_up(find_protocol("lab"), [f"dice@{file}"], device=CPU)
    assert dice.name == "dice-my-model"  # and not where the file lies
    assert dice.weights == {"name": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    assert dice.load("cpu").spec.name == "dice"
    [_, same] = line_up(find_protocol("lab"), [f"dice:weights={file}"], device=CPU)
    assert (same.name, same.key) == (dice.name, dice.key)
    with pytest.raises(WeightsError, match="cannot be read"):
        line_up(find_protocol("lab"), ["dice@nothing.safetensors"], device=CPU)
    with pytest.raises(UsageError, match="two weights files are named"):
        line_up(find_protocol("lab"), ["dice:weights=a.safetensors@b.safetensors"], device=CPU)


def test_a_model_that_reads_its_file_itself(lab, tmp_path):
    """Its file is no option of the record: there it is told by its name and hash."""
    file = tmp_path / "net.pth"
    file.write_text("2")
    protocol = find_protocol("lab")
    [_, chameleon] = line_up(protocol, [f"chameleon:weights={file}"], device=CPU)
    record = chameleon.record()
    assert chameleon.name == "chameleon-net"
    assert (record["options"], record["weights"]["name"]) == ({}, "net.pth")
    assert chameleon.load("cpu").scale == 2
    with pytest.raises(UsageError, match="needs the option 'weights'"):
        names("lab", "chameleon")
    file.write_text("3")
    with pytest.raises(UsageError, match="3 times as large, and the protocol needs 2"):
        chameleon.load("cpu")
    file.write_text("holes")
    with pytest.raises(UsageError, match="fills holes"):
        replace(chameleon, scale=1).load("cpu")


def test_the_weights_are_those_that_load_takes(lab, monkeypatch):
    """The first whose options do not contradict the given ones: here the second, which is for scale 2."""
    specs = tuple(
        WeightsSpec(tag=f"x{n}", file=f"restore_lab:x{n}.safetensors", sha256=str(n) * 64, options={"scale": n})
        for n in (4, 2, 3)
    )
    components = tuple(
        replace(c, spec=replace(c.spec, weights=specs)) if c.spec.name == "dice" else c for c in lab.components
    )
    monkeypatch.setattr("restore.benchmark.contestants.registry", lambda: Registry(lab.plugins, components))
    protocol = find_protocol("lab")
    [_, dice] = line_up(protocol, ["dice"], device=CPU)
    assert dice.weights == {"name": "dice.x2", "sha256": "2" * 64}
    with pytest.raises(UsageError, match="dice has no weights for scale=2"):
        line_up(protocol, ["dice.x3"], device=CPU)
    with pytest.raises(UnknownNameError, match="no weights 'x9'"):
        line_up(protocol, ["dice.x9"], device=CPU)


def test_a_slip_in_the_command_is_told_before_anything_runs(lab):
    with pytest.raises(UnknownNameError, match="plane"):
        names("lab", "plane")
    with pytest.raises(UsageError, match="has no option 'sclae'"):
        names("lab", "dice:sclae=2")
    with pytest.raises(UsageError, match="scale=3 cannot do what the protocol measures, scale 2"):
        names("lab", "dice:scale=3")
    with pytest.raises(UsageError, match="filler makes images 1 times as large"):
        names("lab", "filler")
    with pytest.raises(UsageError, match="add -m MODEL"):
        names("lab-holes")
    with pytest.raises(UsageError, match="fills holes"):
        line_up(replace(find_protocol("lab-holes"), task="denoising"), ["filler"], device=CPU)


def test_a_model_that_turns_out_to_have_another_scale_fails_when_loaded(lab, monkeypatch):
    [_, dice] = line_up(find_protocol("lab"), ["dice"], device=CPU)
    with pytest.raises(UsageError, match="2 times as large, and the protocol needs 3"):
        replace(dice, scale=3).load("cpu")


def test_a_broken_model_is_let_in_and_fails_when_loaded(lab):
    [_, broken] = line_up(find_protocol("lab"), ["broken"], device=CPU)
    with pytest.raises(PluginError, match="no such luck"):
        broken.load("cpu")
    assert registry() is lab


def test_weights_that_cannot_be_read_are_named_as_they_were(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.safetensors").write_bytes(b"no header")
    with pytest.raises(WeightsError) as caught:
        line_up(find_protocol("sr-x4"), ["srresnet@mine.safetensors"], device=CPU)
    assert caught.value.message.startswith("mine.safetensors ")
    assert str(tmp_path) not in str(caught.value)


def test_a_slip_that_only_the_built_model_notices_is_told_before_anything_runs():
    protocol = find_protocol("inpaint-center")
    with pytest.raises(UnknownNameError, match="dcgan-cats"):
        line_up(protocol, ["semantic-inpainting:prior=dcgan-cats"], device=CPU)
    with pytest.raises(UsageError, match="leads away"):
        line_up(protocol, ["semantic-inpainting:prior=dcgan-faces,known_weight=-1"], device=CPU)
    with pytest.raises(WeightsError, match="has no weights"):
        line_up(protocol, ["semantic-inpainting:prior=cogan"], device=CPU)


def test_a_baseline_that_cannot_be_loaded_is_nobodys_slip(monkeypatch):
    protocol = replace(find_protocol("inpaint-center"), baselines=("semantic-inpainting:prior=dcgan-cats",))
    [alone] = line_up(protocol, [], device=CPU)
    with pytest.raises(UnknownNameError, match="dcgan-cats"):
        alone.load("cpu")


def test_a_model_is_built_once_before_its_turn_however_often_it_is_named(lab, monkeypatch):
    from restore.benchmark.contestants import Contestant

    loaded = []
    load = Contestant.load
    monkeypatch.setattr(Contestant, "load", lambda self, device: loaded.append(self.model) or load(self, device))
    line_up(find_protocol("lab"), ["dice", "plain", "dice"], device=CPU)
    assert loaded == ["plain", "dice"]
