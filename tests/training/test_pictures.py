"""Pictures of a training: what is on them, when they are drawn, and that none of them ends a run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from restore.contracts import Model
from restore.errors import PluginError
from restore.training import Supervised, train
from restore.training.pictures import GAP, is_due, sheet


class Identity(Model):
    """Returns what it sees, or nine of each pixel."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, observation):
        return observation.image.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2) + 0 * self.unused


class Copying(Supervised):
    name = "copying"
    model = "copy"

    def __init__(self, degradation: str, colors="rgb") -> None:
        super().__init__(
            degradation=degradation, model_options={}, steps=4, patch=24, batch_size=2, colors=colors, ema=0,
            learning_rate=1e-12,
        )  # fmt: skip

    def network(self):
        return Identity(self.scale)


def columns(path):
    """The three columns of a sheet of four images."""
    pixels = np.asarray(Image.open(path))
    width = (pixels.shape[1] - 2 * GAP) // 3
    return [pixels[:, k * (width + GAP) : k * (width + GAP) + width] for k in range(3)]


@pytest.mark.parametrize(
    ("degradation", "colors", "size"),
    [("bicubic:scale=3", "rgb", (63, 48)), ("mask-center", "rgb", (64, 50)), ("mask-center", "gray", (64, 50))],
)
def test_a_supervised_run_shows_degraded_restored_and_original(photos, settings, degradation, colors, size):
    """The centres of all, as large as the smallest of 70 x 61, 64 x 64 and 90 x 50 pixels allows."""
    (photos / "3.png").unlink()
    train(Copying(degradation, colors), settings("run", data=photos, validation=photos, validate_every=2))
    folder = settings("run").output / "pictures"
    assert sorted(path.name for path in folder.iterdir()) == ["000002.png", "000004.png"]
    degraded, restored, original = columns(folder / "000002.png")
    height, width = size
    assert original.shape == (3 * height + 2 * GAP, width, 3)
    assert np.array_equal(degraded, restored)
    assert not np.array_equal(restored, original)
    top, left = (70 - height) // 2, (61 - width) // 2
    first = Image.open(photos / "0.png").crop((left, top, left + width, top + height))
    if colors == "rgb":
        assert np.array_equal(original[:height], np.asarray(first))
    else:
        assert np.abs(original[:height, :, 0] - np.asarray(first.convert("L")).astype(int)).max() <= 1


def test_several_kinds_are_columns_and_one_kind_is_a_grid():
    values = torch.arange(5) / 10
    samples = values.view(5, 1, 1, 1).expand(5, 1, 6, 8)
    grid = sheet({"samples": samples})
    assert grid.shape == (3, 2 * 6 + GAP, 3 * 8 + 2 * GAP)
    starts = [grid[0, row * (6 + GAP), column * (8 + GAP)].item() for row in range(2) for column in range(3)]
    assert starts == [0, 26, 51, 76, 102, 255]  # of 255; the sixth place is empty
    assert (grid[:, 6 : 6 + GAP] == 255).all()
    side_by_side = sheet({"a": samples[:2], "b": 1 - samples[:2].expand(-1, 3, -1, -1)})
    assert side_by_side.shape == (3, 2 * 6 + GAP, 2 * 8 + GAP)
    assert side_by_side[0, 0, 0] == 0
    assert side_by_side[0, 0, 8 + GAP] == 255


@pytest.mark.parametrize(
    "images",
    [
        {"a": torch.zeros(2, 3, 4, 4), "b": torch.zeros(1, 3, 4, 4)},
        {"a": torch.zeros(2, 3, 4, 4), "b": torch.zeros(2, 3, 4, 5)},
        {"a": torch.zeros(2, 4, 4, 4)},
        {"a": torch.zeros(3, 4, 4)},
        {"a": torch.full((2, 3, 4, 4), torch.nan)},
    ],
)
def test_what_is_no_picture_is_told(images):
    with pytest.raises(PluginError, match="a recipe's pictures"):
        sheet(images)


def test_a_long_run_draws_at_most_fifty_pictures_the_last_among_them():
    assert [step for step in range(2, 10, 2) if is_due(step, 9, 2)] == [2, 4, 6, 8]
    due = [step for step in range(500, 1_000_001, 500) if is_due(step, 1_000_000, 500)]
    assert (len(due), due[-1], {b - a for a, b in pairwise(due)}) == (50, 1_000_000, {20_000})
    assert is_due(123, 123, 500)


@pytest.mark.parametrize("mistake", ["raises", "shapes", "disk"])
def test_a_picture_that_fails_is_told_and_costs_nothing_else(doubling, settings, capsys, mistake):
    recipe = doubling()

    def pictures(network, folder):
        if mistake == "raises":
            raise ZeroDivisionError("no such picture")
        return {"samples": torch.rand(4, 3, 8, 8) if mistake == "disk" else torch.rand(4, 8)}

    recipe.pictures = pictures
    if mistake == "disk":
        settings("run").output.mkdir()
        (settings("run").output / "pictures").write_text("in the way")
    result = train(recipe, settings("run", quiet=False))
    told = capsys.readouterr().err
    for step in (4, 8, 12):
        assert f"no picture of step {step}: " in told
    assert result.weights.read_bytes() == train(doubling(), settings("whole")).weights.read_bytes()


def test_pictures_need_no_validation_images_and_change_no_bit(doubling, settings):
    recipe = doubling(dropout=0.5)

    def pictures(network, folder):
        assert not network.training
        assert folder is None
        return {"samples": torch.rand(9, 1, 5, 5)}

    recipe.pictures = pictures
    drawn = train(recipe, settings("drawn", validation=None))
    plain = train(doubling(dropout=0.5), settings("plain", validation=None))
    assert drawn.weights.read_bytes() == plain.weights.read_bytes()
    found = sorted(path.name for path in (settings("drawn").output / "pictures").iterdir())
    assert found == ["000004.png", "000008.png", "000012.png"]
    assert not (settings("plain").output / "pictures").exists()


def test_pictures_reach_tensorboard(doubling, settings, board):
    recipe = doubling()
    recipe.pictures = lambda network, folder: {"samples": torch.rand(4, 3, 8, 8)}
    train(recipe, settings("run"))
    events = board.EventAccumulator(str(settings("run").output))
    events.Reload()
    assert [event.step for event in events.Images("pictures")] == [4, 8, 12]
