"""A recipe small enough to run in a test: two numbers learn to double their input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase, Progress, Recipe
from restore.training import Settings
from restore.training.schedule import cosine


class Doubling(Recipe):
    """Adam on a small convolution, with step-seeded data and, if asked for, dropout."""

    name = "doubling"
    model = "doubling"
    model_options: Mapping[str, object] = {}

    def __init__(self, steps: int = 12, seed: int = 3, ema: float = 0.9, poison: int = 0, dropout: float = 0) -> None:
        self.steps, self.seed, self.ema, self.poison, self.dropout = steps, seed, ema, poison, dropout
        self.seen: list[int] = []
        self.after_step: Callable[[int], None] = lambda step: None

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        progress(1, 1)
        return f"numbers from {folder.name if folder else 'nowhere'}"

    def build(self) -> Sequence[Phase]:
        network = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(self.dropout), nn.Conv2d(4, 1, 1)
        )
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
        return cosine(step - 1, self.steps)

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        assert not network.training
        return {"bias": float(network[-1].bias)}  # type: ignore[index]


@pytest.fixture
def doubling() -> type[Doubling]:
    return Doubling


@pytest.fixture
def board() -> Any:
    """TensorBoard's reader. Tests that do not ask for it run without TensorBoard, which is slow."""
    return pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


@pytest.fixture
def settings(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Settings]:
    """Settings for a run folder below the test's own; keywords override."""
    if "board" not in request.fixturenames:
        monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"12345")

    def make(folder: str, **changes: object) -> Settings:
        base = {
            "data": tmp_path / "photos", "output": tmp_path / folder, "options": {}, "validation": tmp_path,
            "device": "cpu", "precision": "float32", "quiet": True,
            "checkpoint_every": 5, "validate_every": 4, "log_every": 1,
        }  # fmt: skip
        return Settings(**{**base, **changes})  # type: ignore[arg-type]

    return make
