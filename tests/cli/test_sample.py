"""``restore sample``: a grid or single files, what the seed decides, and what is refused before anything is drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restore.cli import cli

PLUGIN = """
from restore.plugin import PriorSpec, hookimpl

@hookimpl
def restore_priors():
    names = {"grays": "Grays", "broken": "Broken", "bare": "Bare"}
    return [PriorSpec(name=name, factory=f"restore_grays.prior:{made}") for name, made in names.items()]
"""
PRIOR = """
import torch
from torch import nn
from restore.contracts import Prior

class Grays(Prior):
    '''Images of one gray, the latent.'''

    latent_shape = (1,)

    def __init__(self, height: int = 2, channels: int = 3) -> None:
        super().__init__()
        self.shape = (channels, height, 3)

    def sample(self, n, generator):
        return torch.rand(n, 1, generator=generator)

    def decode(self, z):
        return z[:, :, None, None].expand(-1, *self.shape)

class Broken(Grays):
    def decode(self, z):
        return super().decode(z) / 0

class Bare(Grays):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
"""


@pytest.fixture(autouse=True)
def _grays(site, tmp_path, monkeypatch):
    site.install("restore-grays", PLUGIN, files={"prior.py": PRIOR})
    monkeypatch.chdir(tmp_path)


def call(*arguments):
    return CliRunner().invoke(cli, ["sample", *map(str, arguments)])


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_grid_of_what_the_seed_draws():
    import torch

    assert call("grays", "-n", 5, "-o", "one.png", "--seed", 7).exit_code == 0
    grid = pixels("one.png")
    assert grid.shape == (2 * 2 + 4, 3 * 3 + 2 * 4, 3)
    wanted = torch.rand(5, 1, generator=torch.Generator().manual_seed(7)).mul(255).round()
    assert [int(grid[0, 0, 0]), int(grid[6, 7, 1])] == [int(wanted[0]), int(wanted[4])]
    assert (grid[2:6] == 255).all()
    call("grays", "-n", 5, "-o", "again.png", "--seed", 7)
    call("grays", "-n", 5, "-o", "other.png", "--seed", 8)
    assert np.array_equal(grid, pixels("again.png"))
    assert not np.array_equal(grid, pixels("other.png"))


def test_a_folder_gets_a_file_each_as_in_a_grid(tmp_path):
    assert call("grays:channels=1", "-n", 70, "-o", "many/", "--set", "height=4").exit_code == 0
    files = sorted((tmp_path / "many").iterdir())
    assert [file.name for file in files] == [f"{number:04d}.png" for number in range(70)]
    assert pixels(files[0]).shape == (4, 3)
    call("grays", "-n", 70, "-o", "grid.png")
    grid = pixels("grid.png")
    assert pixels(files[69])[0, 0] == grid[7 * 6, 6 * 7, 0]


def test_without_a_name_it_says_where_they_are(tmp_path):
    result = call("grays", "--json")
    told = json.loads(result.stdout)
    assert (told["schema"], told["count"], told["seed"], told["shape"]) == (1, 64, 0, [3, 2, 3])
    assert told["outputs"] == ["samples.png"]
    assert told["weights"] is None
    assert "64 images of 3 x 2 in samples.png" in result.stderr
    assert (tmp_path / "samples.png").is_file()


def test_files_that_exist_are_kept():
    call("grays", "-n", 1, "-o", "a.png")
    before = pixels("a.png")
    result = call("grays", "-n", 1, "-o", "a.png", "--seed", 1)
    assert result.exit_code == 2
    assert "a.png exists already" in result.stderr
    assert np.array_equal(pixels("a.png"), before)
    assert call("grays", "-n", 1, "-o", "a.png", "--seed", 1, "--overwrite").exit_code == 0
    assert not np.array_equal(pixels("a.png"), before)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nobody",), 3, "no prior is called 'nobody'"),
        (("bicubic",), 3, "restore run bicubic"),
        (("grays:depth=3",), 2, "no option 'depth'"),
        (("grays:device=cpu",), 2, "write --device cpu"),
        (("bare",), 4, "bare is a network, and it has no weights"),
        (("grays", "--weights", "no.safetensors"), 4, "cannot be read"),
        (("grays", "-o", "grid.txt"), 2, "images cannot be written as .txt"),
        (("grays", "-o", "grid"), 2, "end the name of a folder with /"),
        (("grays", "-n", "0"), 2, "0 is not in the range"),
        (("broken",), 1, "images that are not finite"),
    ],
)
def test_what_cannot_be(arguments, code, message, tmp_path):
    result = call(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert not [*tmp_path.glob("*.png")]
