"""The benchmark of inpainted digits: its holes, what it reads, what it tells, and its table."""

from __future__ import annotations

import gzip
import importlib.util
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from restore import weights
from restore.registry import registry

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "digits.py"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("benchmark_of_digits", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def mnist(tmp_path):
    """Four test digits, all bars and all labelled 1, and a prior that has learnt nothing."""
    pixels = np.zeros((4, 28, 28), np.uint8)
    pixels[:, 4:24, 12:16] = 255
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(struct.pack(">4i", 0x803, 4, 28, 28) + pixels.tobytes())
    )
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 4) + bytes([1] * 4))
    torch.manual_seed(0)
    options = {"width": 2, "critic_width": 2, "colors": "gray", "size": 28}
    prior = registry().find("prior", "dcgan-mnist").build(**options)
    header = {"model": "dcgan-mnist", "options": json.dumps(options)}
    weights.write(tmp_path / "own.safetensors", prior.state_dict(), header)
    return tmp_path


def test_the_first_digits_have_the_same_holes_however_many_there_are(script):
    digits = torch.randint(0, 256, (5, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for spec in ("mask-random:share=0.8", "mask-pattern:share=0.25", "mask-half:side=random"):
        few, many = script.with_holes(digits[:2], spec, 3), script.with_holes(digits, spec, 3)
        assert torch.equal(few.mask, many.mask[:2])
        assert torch.equal(few.images, torch.where(few.mask > 0, 0, digits[:2]))
        assert not torch.equal(many.mask, script.with_holes(digits, spec, 4).mask)


def test_every_model_is_measured_and_the_weights_are_told(script, mnist, monkeypatch, capsys):
    own = mnist / "own.safetensors"
    searched = f"semantic-inpainting:prior=dcgan-mnist,weights={own},steps=1,restarts=1"
    call = ["digits.py", "--data", str(mnist), "-n", "3", "--device", "cpu", "--json", str(mnist / "scores.json")]
    monkeypatch.setattr(sys, "argv", [*call, "telea", searched])
    script.main()
    result = json.loads((mnist / "scores.json").read_text("utf-8"))
    assert (result["digits"], result["seed"], result["untouched"]) == (3, 0, 1.0)
    assert list(result["masks"]) == ["center", "half", "pattern", "random80"]
    nothing, telea, prior = result["rows"]
    assert (nothing["model"], telea["model"], telea["weights"]) == ("nothing", "telea", {})
    assert prior["model"] == searched.replace(str(own), own.name)  # no folder of this machine
    assert prior["weights"] == {"restore-toolkit:dcgan-mnist": weights.digest(own)}
    assert set(telea["accuracy"].values()) <= {0, 0.3333333333333333, 0.6666666666666666, 1}
    assert capsys.readouterr().out.endswith(f"{script.table(result)}\n")


def test_the_table_marks_the_best_and_counts_seconds_a_digit(script):
    rows = [
        {"model": "nothing", "weights": {}, "accuracy": {"center": 0.25, "half": 0.5}, "seconds": {}},
        {"model": "telea", "weights": {}, "accuracy": {"center": 0.3456, "half": 0.5},
         "seconds": {"center": 2.0, "half": 6.0}},
    ]  # fmt: skip
    result = {"digits": 400, "masks": {"center": "", "half": ""}, "untouched": 0.9925, "rows": rows}
    chance = "One standard error is at most 2.5."
    assert script.table(result).splitlines() == [
        "| filled by | center | half | s a digit |",
        "|---|---|---|---|",
        "| nothing | 25.0 | **50.0** |  |",
        "| `telea` | **34.6** | **50.0** | 0.01 |",
        "",
        f"Percent of 400 test digits that are read as labelled; of untouched ones 99.2. {chance}",
    ]


@pytest.mark.skipif(not DATA.is_dir(), reason="MNIST is not here")
def test_the_reader_reads_real_digits_and_not_those_without_their_middle(script):
    digits, labels = (values[:200] for values in script.load_digits(DATA, "t10k"))
    reader = script.load_reader(device="cpu")
    assert script.accuracy(reader, digits, labels) > 0.98
    assert script.accuracy(reader, script.with_holes(digits, "mask-center:size=0.5", 0).images, labels) < 0.6


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["-n", "5"], "there are 4 test digits"),
        (["semantic-inpainting:prior=dcgan-cats"], "no prior"),
        (["--data", "nowhere"], "name the folder of MNIST's four files"),
    ],
)
def test_what_is_amiss_is_told(script, mnist, monkeypatch, capsys, given, told):
    monkeypatch.setattr(sys, "argv", ["digits.py", "--data", str(mnist), "-n", "2", "telea", *given])
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert told in f"{stopped.value} {capsys.readouterr().err}"
