"""A recipe small enough to run in a test: two numbers learn to double their input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from restore.training import Batch, Phase, Recipe
from restore.training.loop import Settings
from restore.training.schedule import cosine


class Doubling(Recipe):
    """Adam on a small convolution, with dropout-free, step-seeded data."""

    name = "doubling"
    model = "doubling"
    model_options: Mapping[str, object] = {}

    def __init__(self, steps: int = 12, seed: int = 3, ema: float = 0.9, poison: int = 0) -> None:
        self.steps, self.seed, self.ema, self.poison = steps, seed, ema, poison
        self.seen: list[int] = []
        self.after_step: Callable[[int], None] = lambda step: None

    def load_data(self, folder: Path, progress: Callable[[int, int], None]) -> str:
        progress(1, 1)
        return f"numbers from {folder.name}"

    def build(self) -> Sequence[Phase]:
        network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
        optimizer = torch.optim.Adam(network.parameters(), lr=0.05)

        def objective(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            error = (network(batch["x"]) - 2 * batch["x"]).abs().mean()
            return error, {"error": error}

        return [Phase(name="net", network=network, optimizer=optimizer, objective=objective)]

    def batch(self, step: int) -> Batch:
        self.seen.append(step)
        self.after_step(step)
        chance = torch.Generator().manual_seed(1000 * self.seed + step)
        value = float("nan") if step == self.poison else 1.0
        return {"x": torch.rand(2, 1, 5, 5, generator=chance) * value}

    def learning_rate(self, step: int) -> float:
        return cosine(step, self.steps)

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        assert not network.training
        return {"bias": float(network[2].bias)}  # type: ignore[index]


@pytest.fixture
def doubling() -> type[Doubling]:
    return Doubling


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings for a run folder below the test's own; keywords override."""

    def make(folder: str, **changes: object) -> Settings:
        base = {
            "data": tmp_path, "output": tmp_path / folder, "options": {}, "validation": tmp_path, "device": "cpu",
            "precision": "float32", "quiet": True, "checkpoint_every": 5, "validate_every": 4, "log_every": 1,
        }  # fmt: skip
        return Settings(**{**base, **changes})  # type: ignore[arg-type]

    return make
