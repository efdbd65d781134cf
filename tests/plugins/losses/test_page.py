"""docs/losses.md says what the losses declare, and its sum can be built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from restore import images
from restore.objective import build_objective
from restore.resize import downscale, round_to_uint8, upscale
from restore_losses.plugin import restore_losses

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "losses.md").read_text("utf-8")


@pytest.mark.parametrize("spec", restore_losses(), ids=lambda spec: spec.name)
def test_the_row_of_a_loss(spec):
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{spec.name}` |")]
    *_, told, needs = (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1])
    assert tuple(filter(None, needs.split(", "))) == spec.needs
    low, _, high = told.removeprefix("from ").partition(" to ")
    assert (float(low) if low else None) == spec.minimum
    assert ({"1": 1.0, "sqrt 2": 2**0.5, "": None}[high]) == spec.maximum


def test_the_sum_of_the_page(stored):
    [text] = re.findall(r"^l1 \+ .*$", PAGE, re.MULTILINE)
    terms = build_objective(text).terms
    assert [(term.name, term.weight) for term in terms] == [("l1", 1), ("consistency", 1), ("perceptual", 0.03)]


@pytest.fixture(scope="module")
def butterfly(shared_data):
    """The photograph, and what bicubic upscaling makes of a quarter of its side."""
    path = shared_data / "sr/test/set5/butterfly.png"
    if not path.exists():
        pytest.skip("Set5 is not beside the checkout")
    original = images.load(path).source().read(0, 0, 256, 256)
    return upscale(round_to_uint8(downscale(original, 4)), 4).clamp(0, 1), original


@pytest.mark.slow
def test_the_table_of_what_a_weight_means(stored, butterfly):
    table = PAGE.partition("| `perceptual:` |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `?([^` ]*).*\| ([\d.e]+) \| ([\d.e]+) \|$", table, re.MULTILINE)
    assert len(rows) == 6
    for options, value, slope in rows:
        loss = build_objective("perceptual" if options.startswith("(") else f"perceptual:{options}")
        prediction = butterfly[0].clone().requires_grad_()
        found = loss(prediction, butterfly[1])
        (gradient,) = torch.autograd.grad(found.sum(), prediction)
        assert found.item() == pytest.approx(float(value), rel=0.02), options
        assert gradient.norm().item() == pytest.approx(float(slope), rel=0.03), options
