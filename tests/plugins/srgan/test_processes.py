"""Adversarial training in two processes follows the curve of one; its steps know nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
from restore.registry import registry
from restore.training import Settings, journal, train

journal._board = lambda folder, start: None
for kind in ("vanilla", "relativistic"):
    recipe = registry().find("recipe", "srgan-x4").build(
        steps=6, batch_size=4, patch=32, content="l1 + tv", adversarial=kind, adversarial_weight=0.5, r1=0.5,
        r1_every=3, measure_every=0,
    )
    train(recipe, Settings(output=Path(sys.argv[1]) / kind, options={}, data=Path(sys.argv[2]), device="cpu",
                           precision="float32", log_every=1, quiet=True))
"""


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_the_curve_of_two_processes_is_that_of_one(photos, tmp_path):
    """Up to rounding where the loss is a mean; the relativistic one compares within each process's share."""
    (tmp_path / "script.py").write_text(SCRIPT)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for folder, launcher in (("one", []), ("two", torchrun)):
        command = [sys.executable, *launcher, str(tmp_path / "script.py"), str(tmp_path / folder), str(photos)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, timeout=600, env=environment)
    for kind, tolerance in (("vanilla", 2e-4), ("relativistic", 1e-3)):
        one, two = log(tmp_path / "one" / kind), log(tmp_path / "two" / kind)
        assert [entry["step"] for entry in two] == list(range(1, 7))
        for before, now in zip(one, two, strict=True):
            for loss in ("discriminator/loss", "generator/loss"):
                assert now[loss] == pytest.approx(before[loss], rel=tolerance)
