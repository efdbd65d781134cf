"""The command line and benchmarks; without the library, one line says what to install."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restore.cli import cli


def call(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (48, 36, 3), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    Image.fromarray(pixels).save(tmp_path / "photos" / "a.png")
    return tmp_path / "photos" / "a.png"


def test_run(checkpoint, photo, tmp_path):
    path = checkpoint("compact", ".pth")
    for number, words in enumerate(([f"spandrel:weights={path}"], ["spandrel", "--weights", path])):
        out = tmp_path / f"{number}.png"
        done = call("run", *words, photo, "-o", out, "--precision", "float32", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["weights"] == str(path)
    with Image.open(tmp_path / "0.png") as image:
        assert image.size == (72, 96)
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    failed = call("run", "spandrel", photo, "-o", tmp_path / "2.png")
    assert (failed.exit_code, "spandrel:weights=..." in failed.stderr) == (2, True)
    failed = call("run", "spandrel:weights=none.pth", photo, "-o", tmp_path / "2.png")
    assert (failed.exit_code, "none.pth cannot be read" in failed.stderr) == (4, True)


def test_bench(checkpoint, photo, tmp_path):
    path = checkpoint("compact", ".pth")
    out = tmp_path / "results"
    done = call("bench", "sr-x2", "-m", f"spandrel:weights={path}", "--data", photo.parent, "-o", out)
    assert done.exit_code == 0, done.output
    [model] = [m for m in json.loads((out / "results.json").read_text())["models"] if m["name"] == "spandrel-compact"]
    assert model["weights"] == {"name": "compact.pth", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert (model["options"], model["precision"]) == ({}, "float32")


def test_info_tells_the_options():
    done = call("info", "spandrel")
    assert done.exit_code == 0
    assert "weights  path, required" in done.stdout
    assert "overlap=64  int" in done.stdout


def test_without_the_library_one_line_says_how_to_get_it(checkpoint, photo):
    """And listing and explaining need it as little as they need torch."""
    source = """
        import json, sys
        sys.modules["spandrel"] = None
        from click.testing import CliRunner
        from restore.cli import cli
        told = []
        for words in json.loads(sys.argv[1]):
            done = CliRunner().invoke(cli, words)
            told.append([done.exit_code, done.stdout, done.stderr])
        print(json.dumps(told))
    """
    weights = str(checkpoint("compact"))
    run = ["run", "spandrel", "--weights", weights, str(photo), "-o", str(photo.with_name("b.png"))]
    commands = json.dumps([["list", "models"], ["info", "spandrel"], run])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), commands],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    (code_list, listed, _), (code_info, _, _), (code, _, told) = json.loads(done.stdout)
    assert (code_list, code_info, code) == (0, 0, 3)
    assert "spandrel" in listed
    assert told.splitlines()[-1].strip() == 'pip install "restore-toolkit[spandrel]"'


def test_a_library_that_does_not_load_is_told(checkpoint, monkeypatch):
    from restore.errors import PluginError
    from restore_spandrel import library

    def broken(name):
        raise ImportError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(library.importlib, "import_module", broken)
    with pytest.raises(PluginError, match=r"spandrel cannot be imported: ImportError: libcudart\.so\.13") as caught:
        library.spandrel()
    assert "torchvision" in caught.value.cure
