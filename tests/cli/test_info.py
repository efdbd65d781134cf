"""``restore info``: a component's page, and the card of its weights."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
import torch
from click.testing import CliRunner

from restore import weights as store
from restore.benchmark import Protocol, find_protocol
from restore.cli import cli
from restore.published import Network
from restore.trunk_weights import ALEXNET

PLUGIN = """
from restore.plugin import DegradationSpec, LossSpec, ModelSpec, WeightsSpec, hookimpl

TAGS = ("photo-x4", "psnr-x4")
WEIGHTS = tuple(
    WeightsSpec(tag=tag, file=f"restore_good:{tag}.safetensors", sha256="0" * 64, options={"scale": 4},
                licence="CC0-1.0", card="restore_good:card.md" if tag == "photo-x4" else "")
    for tag in TAGS
)

@hookimpl
def restore_models():
    return [
        ModelSpec(name="net", factory="restore_good.parts:Net", task="denoising", scale=None,
                  summary="Tells " + "much " * 30, citation="Someone, Something, " * 8,
                  tiling="exact", receptive_field=15, weights=WEIGHTS),
        ModelSpec(name="absent", factory="restore_good.nowhere:Net", task="denoising"),
    ]

@hookimpl
def restore_degradations():
    return [DegradationSpec(name="net", factory="restore_good.parts:make", masks=True)]
"""
PARTS = '''
from __future__ import annotations
from pathlib import Path
from typing import Literal
print("hello from the module")

class Net:
    """A net.

    Args:
        mode: ``fast`` or ``exact``; explained at such length that the line has to be wrapped at the border.
        size: height and width.
    """

    def __init__(self, mode: Literal["fast", "exact"] = "fast", size: tuple[int, int] = (8, 6),
                 data: Path | None = None, flip: bool = True) -> None: ...

def make(strength: float): ...
'''
PRIOR = """
from restore.plugin import PriorSpec, RecipeSpec, hookimpl

@hookimpl
def restore_priors():
    return [PriorSpec(name="grown", factory="restore_grown.plugin:restore_priors")]

@hookimpl
def restore_recipes():
    return [RecipeSpec(name="grow", factory="restore_grown.plugin:restore_priors", model="grown")]
"""
CARD = f"# net.photo-x4\n\nTrained on one photograph.\n\n| | |\n|---|---|\n| Recipe | `{'long' * 30}` |\n"


@pytest.fixture
def good(site):
    files = {"parts.py": PARTS, "card.md": CARD, "photo-x4.safetensors": b"12345"}
    site.install(
        "restore-good",
        PLUGIN,
        files=files,
        metadata=("Metadata-Version: 2.4\nName: restore-good\nVersion: 1.0\nLicense-Expression: MIT\n"),
    )
    return site


def call(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["info", *arguments])


def test_a_page_fits_a_terminal_and_says_everything(good):
    result = call("restore-good:net")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    degradation, model = result.stdout.split("\nnet  ")
    rows = {line[:18].strip(): line[18:].strip() for line in model.splitlines() if line.startswith("  ")}
    assert rows["task"] == "denoising"
    assert rows["scale"] == "by its options"
    assert rows["receptive field"] == "15"
    assert rows["licence"] == "MIT"
    assert "mode=fast  fast | exact" in model
    assert "size=8+6  int+int" in model
    assert "data=none  path | none" in model
    assert "flip=true  bool" in model
    assert "``" not in model
    assert [line.split()[:3] for line in model.splitlines() if line.startswith("  net.")] == [
        ["net.photo-x4", "packaged", "5"],
        ["net.psnr-x4", "absent", "CC0-1.0"],
    ]
    assert model.count("sha256 " + "0" * 64) == 2
    assert "restore weights import net.psnr-x4 FILE, or reinstall restore-good" in model
    assert "strength  float, required" in degradation
    assert "masks           yes" in degradation


def test_what_the_module_prints_stays_out_of_the_json(good):
    done = good.run("info", "net", "--json")
    degradation, model = json.loads(done.stdout)["components"]
    assert "hello from the module" in done.stderr
    assert (model["kind"], degradation["kind"]) == ("model", "degradation")
    assert model["options"][1] == {
        "name": "size",
        "type": "int+int",
        "default": [8, 6],
        "required": False,
        "description": "height and width.",
    }
    assert [(w["bytes"], w["state"]) for w in model["weights"]] == [(5, "packaged"), (None, "absent")]
    assert model["provenance"]["location"] == str(good.folder)


def test_a_factory_that_cannot_be_imported_leaves_the_rest_of_the_page(good):
    result = call("absent")
    assert result.exit_code == 0
    assert "denoising" in result.stdout
    assert "model 'absent' of restore-good cannot be imported: ModuleNotFoundError" in result.stderr
    [page] = json.loads(call("absent", "--json").stdout)["components"]
    assert "cannot be imported" in page["error"]


def test_the_card_of_weights(good):
    result = call("net.photo-x4")
    assert result.exit_code == 0
    assert "Trained on one photograph." in result.stdout
    assert "sha256 " + "0" * 64 in result.stdout
    shown = result.stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert not any(mark in result.stdout for mark in ("#", "`", "|", "\x1b", "\n\n\n"))
    assert "".join("".join(line.split()) for line in shown).count("long" * 30) == 1  # wrapped, and nothing is cut
    assert "These weights have no card" in call("net.psnr-x4").stdout
    assert json.loads(call("net.photo-x4", "--json").stdout)["weights"]["card_text"] == CARD
    same = call("net.photo-x4:mode=exact")
    assert "the card of net.photo-x4 is the same for all options" in same.stderr


def test_networks_of_others_that_a_loss_sees_with(site):
    def page():
        [found] = json.loads(call("perceptual", "--json").stdout)["components"]
        return {network["name"]: network for network in found["networks"]}

    before = page()["lpips-alex"]
    assert (before["state"], before["path"], before["bytes"]) == ("absent", None, None)
    network = Network(ALEXNET)
    store.write(network.path, {"0.bias": torch.zeros(2)}, {})
    after = page()["lpips-alex"]
    assert (after["state"], after["path"]) == ("imported", str(network.path))
    assert (after["bytes"], after["digest"]) == (network.path.stat().st_size, ALEXNET.digest)
    text = call("perceptual").stdout
    assert f"    digest {ALEXNET.digest}\n    {network.path}"[:80] in text
    assert "    restore weights fetch lpips-vgg\n" in text
    assert "    restore weights import vgg19-caffe FILE\n" in text


def test_a_prior_without_weights_names_what_trains_it(site):
    site.install("restore-grown", PRIOR)
    assert "weights\n  none come with it; recipes that train it: grow\n" in call("grown").stdout


class TestOptionsBehindTheName:
    def test_those_that_are_given_are_shown_among_the_others(self, good):
        result = call("net:mode=exact,size=4+4")
        assert "  mode=exact  fast | exact, fast where it is not given\n" in result.stdout
        assert "  size=4+4  int+int, 8+6 where it is not given\n" in result.stdout
        assert "  flip=true  bool\n" in result.stdout
        assert "degradation of restore-good" not in result.stdout  # which has no such option
        [page] = json.loads(call("net:size=4+4", "--json").stdout)["components"]
        assert page["given"] == {"size": [4, 4]}

    def test_a_required_one_may_be_given_and_others_may_stay_away(self, good):
        assert "  strength=0.5  float, required\n" in call("net:strength=0.5").stdout
        assert call("semantic-inpainting:preset=paper-2017").exit_code == 0

    def test_options_that_move_weights_and_files_of_weights(self):
        assert "  fidelity=0.5  float, 0.0 where it is not given\n" in call("srgan:fidelity=0.5").stdout
        assert call("srgan:weights=my.safetensors").exit_code == 0

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("semantic-inpainting:preset=paper", "option preset must be ours | paper-2017 | paper-2016"),
            ("net:moed=fast", "net has no option"),
            ("srgan:fidelity=2", "fidelity goes from 0 to 1"),
            ("l1:weights=my.safetensors", "l1 has no option 'weights'"),
            ("sr-x4:scale=2", "the protocol sr-x4 has no options"),
            ("srgan.photo-x4:blocks=many", "srgan: option blocks"),
        ],
    )
    def test_those_that_cannot_be(self, good, name, told):
        result = call(name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert told in result.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nett", "did you mean net?"),
        ("net.photo-x5", "did you mean net.photo-x4?"),
        ("absent.x4", "'absent' has no weights 'x4'"),
        ("mask-center.x4", "'mask-center' has no weights 'x4'"),
    ],
)
def test_unknown_names(good, name, told):
    result = call(name)
    assert result.exit_code == 3
    assert told in result.stderr
    assert result.stdout == ""


def test_a_protocol_tells_its_formulae_every_field_and_its_hash():
    result = call("sr-x4")
    assert result.exit_code == 0
    assert "16 + (65.481 R + 128.553 G + 24.966 B) / 255" in result.stdout
    assert "10 log10(255^2 / MSE)" in result.stdout
    rows = dict(line.split(maxsplit=1) for line in result.stdout.partition("\nfields\n")[2].splitlines())
    protocol = find_protocol("sr-x4")
    assert rows.keys() == {*protocol.as_dict(), "hash"} - {"summary"}
    assert (rows["hash"], rows["degradation"], rows["metrics"]) == (
        protocol.hash, "bicubic:scale=4,border=symmetric,rounding=none", "psnr, ssim, lpips:net=alex, lr-consistency",
    )  # fmt: skip
    [page] = json.loads(call("sr-x4", "--json").stdout)["components"]
    assert Protocol(**page["protocol"]["fields"]) == protocol
    assert page["protocol"]["hash"] == protocol.hash
    assert page["protocol"]["description"] == protocol.describe()


@pytest.mark.parametrize("name", ["sr-x4-matlab", "denoise-gray-25", "inpaint-half"])
def test_the_page_of_a_protocol_fits_a_terminal(name):
    page = call(name).stdout.partition("\nformulae\n")[2]
    assert max(len(line) for line in page.splitlines() if "hash" not in line.split()[:1]) <= 80


def test_a_protocol_that_is_out_of_order_leaves_the_rest_of_the_page(site):
    plugin = """
    from restore.plugin import ProtocolSpec, hookimpl

    @hookimpl
    def restore_protocols():
        return [ProtocolSpec(name="odd", file="restore_odd:odd.toml", summary="Odd one out")]
    """
    site.install("restore-odd", plugin, files={"odd.toml": "[measure]\ncolour = 'y'\n"})
    result = call("odd")
    assert result.exit_code == 0
    assert "Odd one out" in result.stdout
    assert "did you mean 'color'" in result.stderr


def test_a_protocol_in_a_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[measure]\ncrop_border = 7\n")
    assert "7 pixels cropped" in call(str(path)).stdout
    found = json.loads(call(str(path), "--json").stdout)["protocol"]
    assert (found["fields"]["id"], found["fields"]["crop_border"]) == ("own", 7)
    path.write_text("[measure]\ncrop = 7\n")
    result = call(str(path))
    assert result.exit_code == 2
    assert "did you mean 'crop_border'" in result.stderr


def test_the_page_of_a_protocol_needs_no_torch(site):
    code = """
    import contextlib, io, sys
    from restore.cli import cli
    with contextlib.redirect_stdout(io.StringIO()):
        cli(["info", "sr-x4"], standalone_mode=False)
    print("torch" in sys.modules, "numpy" in sys.modules)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_weights_are_told_with_what_they_fill_and_not_with_its_recipe():
    page = call("dcgan-mnist").stdout
    assert page.count("\nweights\n") == 1
    assert "none come with it" not in page
    assert call("cogan-mnist-edge").stdout.count("none come with it; recipes that train it: cogan-mnist-edge") == 1
