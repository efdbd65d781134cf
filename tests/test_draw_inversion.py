"""The pictures of inversion and inpainting: faces lie as the prior has them, and the pages' lines are what is drawn."""

from __future__ import annotations

import gzip
import importlib
import re
import shlex
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from restore import weights
from restore.benchmark.protocols import find_protocol
from restore.options import parse
from restore.registry import registry

DOCS = Path(__file__).resolve().parents[1] / "docs"
SMALL = {"width": 2, "critic_width": 2, "colors": "gray", "size": 28}
SCRIPTS = ("draw_inversion", "subjects")


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    yield [importlib.import_module(name) for name in SCRIPTS]
    for name in SCRIPTS:
        sys.modules.pop(name, None)


@pytest.fixture
def draw(scripts):
    return scripts[0]


@pytest.mark.parametrize("eyes", [((90.0, 100.0), (150.0, 100.0)), ((120.0, 80.0), (150.0, 120.0))])
def test_eyes_come_to_lie_where_the_prior_has_them(scripts, eyes):
    _, subjects = scripts
    pixels = np.full((260, 260, 3), 255, np.uint8)
    for channel, (x, y) in enumerate(eyes):  # a spot of cyan, and one of magenta
        down, across = np.ogrid[:260, :260]
        pixels[..., channel][(across + 0.5 - x) ** 2 + (down + 0.5 - y) ** 2 < 16] = 0
    face = subjects.aligned(Image.fromarray(pixels), eyes)
    assert face.shape == (3, 64, 64)
    for channel, place in enumerate(subjects.EYES):
        dark = 255.0 - face[channel].float()
        middle = torch.arange(64) + 0.5
        found = (float((dark.sum(0) * middle).sum() / dark.sum()), float((dark.sum(1) * middle).sum() / dark.sum()))
        assert found == pytest.approx(place, abs=0.3)


def test_a_table_has_its_panels_in_their_places(draw):
    white, gray = torch.full((3, 28, 28), 200, dtype=torch.uint8), torch.full((1, 7, 7), 90, dtype=torch.uint8)
    drawn = draw.table(("a", "b", "c"), [("one", (white, None, gray)), ("one", (gray, white, None))], 28)
    side, step = 84, 84 + draw.GAP
    assert drawn.size == (draw.LABEL + 3 * step - draw.GAP, draw.LINE + 2 * step - draw.GAP)
    pixels = np.asarray(drawn)
    for row, levels in enumerate([(200, 255, 90), (90, 200, 255)]):
        for column, level in enumerate(levels):
            x, y = draw.LABEL + column * step, draw.LINE + row * step
            assert (pixels[y : y + side, x : x + side] == level).all()
    labels = pixels[draw.LINE :, : draw.LABEL]
    assert (labels[:side] < 128).any()
    assert (labels[step:] == 255).all()  # the same label again is left out


def test_the_lines_of_the_page_are_what_is_drawn(draw):
    page = (DOCS / "inversion.md").read_text("utf-8")
    lines = [shlex.split(line) for line in page.splitlines() if line.startswith("restore run inversion ")]
    options = [dict(word.split("=", 1) for word in line if re.match(r"\w+=", word)) for line in lines]
    assert len(lines) >= 6
    shown = {task.known for task in draw.TASKS["dcgan-faces"]}
    assert {given.get("degradation") for given in options if given["prior"] == "dcgan-faces"} == shown


def test_masks_are_those_of_the_protocols(draw):
    for name, harm in draw.MASKS.items():
        kind, options = parse(harm)
        expected, fixed = parse(find_protocol(f"inpaint-{name}").degradation)
        assert kind == expected
        assert {k: v for k, v in options.items() if k not in ("fill", "side")}.items() <= fixed.items()


def test_what_the_pages_show_is_there():
    pages = [(page, page.read_text("utf-8")) for page in DOCS.rglob("*.md")]
    shown = {page.parent / name for page, text in pages for name in re.findall(r"!\[[^\]]+\]\((.+?)\)", text)}
    assert shown
    assert [str(path) for path in shown if not path.is_file()] == []


@pytest.fixture
def digits(tmp_path):
    """Two test digits, and a prior of digits that has learnt nothing."""
    pixels = np.zeros((2, 28, 28), np.uint8)
    pixels[:, 8:20, 10:18] = 220
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(struct.pack(">4i", 0x803, 2, 28, 28) + pixels.tobytes())
    )
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 2) + bytes([1, 1]))
    torch.manual_seed(0)
    prior = registry().find("prior", "dcgan-mnist").build(**SMALL)
    options = '{"colors": "gray", "critic_width": 2, "size": 28, "width": 2}'
    weights.write(tmp_path / "own.safetensors", prior.state_dict(), {"model": "dcgan-mnist", "options": options})
    return tmp_path


def test_pictures_of_digits_are_drawn(draw, digits, monkeypatch):
    given = ["--data", str(digits), "--weights", f"dcgan-mnist={digits / 'own.safetensors'}", "--steps", "1"]
    monkeypatch.setattr(sys, "argv", ["draw_inversion.py", str(digits / "out"), "--of", "dcgan-mnist", *given])
    monkeypatch.setattr(draw, "REFINED", {"dcgan-mnist": {"refine_steps": 1}})
    draw.main()
    sizes = {}
    for path in (digits / "out").iterdir():
        with Image.open(path) as file:
            sizes[path.name] = file.size
    step = 28 * 3 + draw.GAP
    assert sizes == {
        "samples-dcgan-mnist.png": (8 * 32 - 4, 8 * 32 - 4),
        "inversion-digits.png": (draw.LABEL + 5 * step - draw.GAP, draw.LINE + 10 * step - draw.GAP),
        "inpainting-digits.png": (draw.LABEL + 10 * step - draw.GAP, draw.LINE + 8 * step - draw.GAP),
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--weights", "dcgan-cats=own.safetensors"], "there is no prior dcgan-cats"),
        (["--of", "dcgan-mnist", "--what", "inpainting"], "name the folder of MNIST's four files"),
    ],
)
def test_what_is_amiss_is_told(draw, tmp_path, monkeypatch, capsys, given, told):
    monkeypatch.setattr(sys, "argv", ["draw_inversion.py", str(tmp_path), *given])
    with pytest.raises(SystemExit) as stopped:
        draw.main()
    assert told in f"{stopped.value} {capsys.readouterr().err}"
