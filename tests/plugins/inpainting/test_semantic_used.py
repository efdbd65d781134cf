"""The model ``semantic-inpainting`` where it is used: commands, benchmarks, the conformance kit, a trained prior."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import restore
from restore.cli import cli
from restore.contracts import Observation
from restore.testing.running import plan

BRIEF = {"prior": "waves", "steps": 3, "restarts": 2, "seed": 0, "coverage": 1}
CENTER = np.pad(np.full((16, 16), 255, np.uint8), 8)


@pytest.fixture
def photo(waves):
    """Levels ``(32, 32, 3)`` of what the prior makes."""
    return (waves[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


class TestCommands:
    OPTIONS = tuple(f"--set={key}={value}" for key, value in (BRIEF | {"coverage": 0.001}).items())

    @staticmethod
    def call(*arguments):
        done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert done.exit_code == 0, done.output
        return done

    def test_run_with_a_mask_file(self, photo, tmp_path):
        Image.fromarray(photo).save(tmp_path / "photo.png")
        Image.fromarray(CENTER).save(tmp_path / "mask.png")
        files = (tmp_path / "photo.png", "-o", tmp_path / "out.png", "--mask", tmp_path / "mask.png")
        done = self.call("run", "semantic-inpainting", *files, *self.OPTIONS, "--json")
        assert "25.0% missing" in done.stderr
        assert f"warning: {tmp_path}/photo.png: the image is far from" in done.stderr
        report = json.loads(done.stdout)["results"][0]["report"]
        assert report["missing_share"] == 0.25
        assert "coverage=0.001" in report["warnings"][0]
        restored = np.asarray(Image.open(tmp_path / "out.png"))
        assert np.array_equal(restored[CENTER == 0], photo[CENTER == 0])

    def test_run_with_a_box(self, photo, tmp_path):
        photo = np.pad(photo, ((3, 5), (10, 4), (0, 0)), mode="edge")
        Image.fromarray(photo).save(tmp_path / "photo.png")
        files = (tmp_path / "photo.png", "-o", tmp_path / "out.png", "--mask", "mask-center:size=0.3")
        self.call("run", "semantic-inpainting", *files, *self.OPTIONS, "--set", "box=10,3,32,32")
        changed = (np.asarray(Image.open(tmp_path / "out.png")) != photo).any(-1)
        assert changed.any()
        assert not changed[: round(0.35 * 40) - 1].any()

    def test_bench(self, photo, tmp_path):
        folder = tmp_path / "textures"
        folder.mkdir()
        Image.fromarray(photo).save(folder / "a.png")
        Image.fromarray(photo[:, ::-1]).save(folder / "b.png")
        model = "semantic-inpainting:prior=waves,steps=100,restarts=2,seed=0"
        done = self.call("bench", "inpaint-center", "-m", model, "--data", folder, "-o", tmp_path / "out", "--json")
        scores = {row["model"]: row for row in map(json.loads, done.stdout.splitlines())}
        ours = next(row for name, row in scores.items() if name.startswith("semantic-inpainting"))
        assert (ours["n"], ours["failed"]) == (2, 0)
        assert ours["psnr-hole"] > scores["telea"]["psnr-hole"]


def test_it_passes_the_conformance_kit(waves):
    verdicts = [trial.run() for trial in plan("semantic-inpainting:prior=waves,steps=2,restarts=1,seed=0,coverage=1")]
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    passed = {v.check for v in verdicts if v.outcome == "passed"}
    assert {"any-mask", "holes-filled", "batch-equals-singles", "thread-safe", "inference-mode"} <= passed


@pytest.mark.slow
def test_with_a_trained_prior_neighbours_change_no_bit_and_their_number_only_rounding():
    """Over the 150 steps of the preset rounding grows: an image alone ends near, in its score and in the mean."""
    prior = restore.load_prior("dcgan-mnist", device="cpu")
    with torch.no_grad():
        digits = prior.decode(prior.sample(5, torch.Generator().manual_seed(5))).mul(255).round() / 255
    mask = torch.zeros(5, 1, 28, 28)
    mask[..., 7:21, 7:21] = 1
    options = {"prior": "dcgan-mnist", "seed": 0, "device": "cpu", "precision": "float32"}
    fill = restore.load("semantic-inpainting", **options).module.candidates
    among, others, alone = (
        fill(Observation(image=digits[rows], mask=mask[rows])) for rows in ([0, 1, 2], [0, 3, 4], [0])
    )
    assert torch.equal(among.images[0], others.images[0])
    assert among.scores[0].item() == pytest.approx(alone.scores[0].item(), rel=0.25)
    assert (among.image[0] - alone.image[0]).abs().mean() < 8 / 255
