"""Images that go through a model together: which ones, what it costs where one fails, and the same scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restore.benchmark import find_protocol
from restore.benchmark.runner import Settings, run
from restore.errors import UsageError

SIZES = {"a": (24, 22), "b": (24, 22), "c": (24, 22), "d": (20, 22), "e": (24, 22)}


@pytest.fixture
def bench(tmp_path, lab):
    def go(data, *models, protocol="lab", output="out", **settings):
        chosen = find_protocol(protocol)
        given = Settings(protocol=chosen, models=models, data=data, output=tmp_path / output, device="cpu", **settings)
        return run(given)

    return go


def batches(found, model):
    return {row["image"]: row["batch"] for row in found["timing"] if row["model"] == model}


def test_neighbours_of_one_shape_go_together_and_score_as_alone(bench, pictures, tmp_path, monkeypatch):
    folder, log = pictures("data", **SIZES), tmp_path / "log"
    monkeypatch.setenv("LAB_LOG", str(log))
    whole = bench(folder, batch=2)
    assert batches(whole, "plain") == {"a": 2, "b": 2, "c": 1, "d": 1, "e": 1}
    # Each of four groups once, and once more to warm up where its shape is new: (a, b), c, d; e is c's.
    assert len(log.read_text().split()) == 7
    alone = bench(folder, output="alone")
    assert batches(alone, "plain") == dict.fromkeys(SIZES, 1)
    assert whole["scores"] == alone["scores"]
    made = [[(tmp_path / out / "images" / path).read_bytes() for path in restored(tmp_path / out)]
            for out in ("out", "alone")]  # fmt: skip
    assert made[0] == made[1]


def restored(out: Path) -> list[Path]:
    return sorted(path.relative_to(out / "images") for path in (out / "images").rglob("*.png"))


def test_masks_go_with_their_images(bench, pictures):
    folder = pictures("data", **SIZES)
    whole = bench(folder, "filler", protocol="lab-holes", batch=8)
    assert set(batches(whole, "filler").values()) == {3, 1}
    assert whole["scores"] == bench(folder, "filler", protocol="lab-holes", output="alone")["scores"]


def test_of_a_group_that_fails_each_is_tried_alone(bench, pictures):
    folder = pictures("data", z=(20, 20))
    for name in "uvwxy":
        Image.fromarray(np.full((20, 20, 3), 255, np.uint8)).save(folder / f"{name}.png")
    (folder / "t.png").write_bytes(b"no image")
    found = bench(folder, "picky", batch=8)
    status = {row["image"]: row["status"] for row in found["scores"] if row["model"] == "picky"}
    assert status == dict.fromkeys("tuvwxy", "failed") | {"z": "ok"}
    assert batches(found, "picky") == {"z": 1}
    assert batches(found, "plain") == dict.fromkeys("uvwxyz", 6)


def test_a_model_that_draws_restores_each_image_with_its_seed(site, pictures, tmp_path):
    site.install(
        "restore-dice",
        """
        from restore.plugin import ModelSpec, hookimpl

        @hookimpl
        def restore_models():
            return [ModelSpec(name="dice", factory="restore_dice.parts:Dice", task="denoising", scale=1,
                              channels=(1, 3), stochastic=True)]
        """,
        files={"parts.py": "import torch\nfrom restore.contracts import Model\n\nclass Dice(Model):\n"
               "    def forward(self, observation):\n        return torch.rand_like(observation.image)\n"},
    )  # fmt: skip
    data = pictures("data", a=(20, 20), b=(20, 20))
    protocol = find_protocol("denoise-rgb-25")
    found = [
        run(Settings(protocol=protocol, models=("dice",), data=data, output=tmp_path / str(n), device="cpu", batch=n))
        for n in (1, 2)
    ]
    assert batches(found[1], "dice") == {"a": 1, "b": 1}
    drawn = [[row["metrics"] for row in one["scores"] if row["model"] == "dice"] for one in found]
    assert drawn[0] == drawn[1]


def test_a_batch_of_none_is_refused(bench, pictures):
    with pytest.raises(UsageError, match="the batch size is 0"):
        bench(pictures("data", a=(24, 22)), batch=0)
