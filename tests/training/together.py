"""Trainings for ``test_processes``, in two processes; each writes what its replicas came to.

torchrun --standalone --nproc-per-node 2 together.py FOLDER
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from restore.contracts import Batch, Phase, Progress, Recipe
from restore.training import Settings, journal, train
from restore.training.processes import Processes, digest

ROWS = 4


class Rivals(Recipe):
    """A critic and a generator in turn, by losses that are means over the batch; data as a function of the step."""

    name = "rivals"
    model = "rivals"
    model_options: Mapping[str, object] = {}
    ema = 0.9
    clip = 0.5

    def __init__(self, steps: int, *, normed: bool = False, interrupted: int = 0) -> None:
        self.steps, self.seed, self.normed, self.interrupted = steps, 5, normed, interrupted
        self.index = int(os.environ.get("RANK", "0"))
        self.drawn: list[str] = []
        if self.index:
            torch.rand(7)  # what a process drew before the training must not matter

    def load_data(self, folder: Path | None, progress: Progress) -> str:
        return "numbers"

    def build(self) -> Sequence[Phase]:
        body = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.5)] if self.normed else [nn.Identity()]
        generator = nn.Sequential(*body, nn.Conv2d(4 if self.normed else 1, 1, 3, padding=1))
        critic = nn.Sequential(spectral_norm(nn.Conv2d(1, 4, 3)), nn.LeakyReLU(0.2), spectral_norm(nn.Conv2d(4, 1, 3)))
        idle = nn.Parameter(torch.ones(3))  # no loss reaches it
        critic.register_parameter("idle", idle)
        critic.register_buffer("table", torch.tensor([1 / 3, float("inf")]))

        def judge(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            assert batch["step"].ndim == 0
            with torch.no_grad():
                fake = generator(batch["x"])
            real, fake = critic(2 * batch["x"]), critic(fake)
            return (1 - real).relu().mean() + (1 + fake).relu().mean(), {"real": real.mean(), "fake": fake.mean()}

        def please(batch: Batch) -> tuple[Tensor, Mapping[str, Tensor]]:
            fake = generator(batch["x"])
            error = (fake - 2 * batch["x"]).abs().mean()
            return error - 0.1 * critic(fake).mean(), {"error": error}

        self.phases = [
            Phase(name=name, network=it, optimizer=torch.optim.Adam(it.parameters(), lr=0.02), objective=objective)
            for name, it, objective in (("critic", critic, judge), ("generator", generator, please))
        ]
        return self.phases

    def batch(self, step: int) -> Batch:
        if step == self.interrupted and self.index == int(os.environ.get("WORLD_SIZE", "1")) - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return {"x": torch.rand(ROWS, 1, 7, 7), "step": torch.tensor(step)}  # drawn as the loop seeds torch

    def learning_rate(self, step: int) -> float:
        return 1.0

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        assert self.index == 0, "one process validates"
        torch.rand(3)
        return {"bias": float(network[-1].bias)}


def settings(folder: Path, *, resume: bool = False) -> Settings:
    return Settings(
        output=folder, options={}, validation=None if resume else folder.parent, device="cpu", precision="float32",
        resume=resume, log_every=1, checkpoint_every=4, validate_every=3, quiet=True,
    )  # fmt: skip


def run(folder: Path, recipe: Rivals, *, resume: bool = False) -> dict[str, object]:
    """Train, and return what this process came to."""
    result = train(recipe, settings(folder, resume=resume))
    networks = {phase.name: digest(phase.network) for phase in recipe.phases}
    critic = recipe.phases[0].network
    return {
        "step": result.step, "weights": result.weights is not None and result.weights.exists(), "networks": networks,
        "moments": [float(it["exp_avg"].sum()) for it in recipe.phases[1].optimizer.state_dict()["state"].values()],
        "idle": critic.idle.grad is None and bool((critic.idle == 1).all()),
        "table": critic.table.tolist() == [torch.tensor(1 / 3).item(), float("inf")],
    }  # fmt: skip


def means(index: int) -> dict[str, object]:
    """Return what two processes make of statistics and gradients that differ: 1 and 3, nothing and 4, 1/3 and 1/3."""
    processes = Processes(index=index, count=2, device=torch.device("cpu"))
    norm = nn.BatchNorm1d(1)
    norm.running_mean.fill_(1 + 2 * index)
    norm.running_var.fill_(1 / 3)
    norm.weight.grad = torch.full((1,), 1.0 + 2 * index)
    if index == 1:
        norm.bias.grad = torch.full((1,), 4.0)
    idle = nn.Linear(1, 1)
    network = nn.ModuleList([norm, idle])
    processes.average_gradients(network)
    processes.average_buffers([network])
    return {
        "mean": norm.running_mean.item(), "var": norm.running_var.item(), "weight": norm.weight.grad.item(),
        "bias": norm.bias.grad.item(), "idle": idle.weight.grad is None,
        "scalars": processes.mean({"a": torch.tensor(0.5 + index), "b": torch.tensor(-1.0)}),
        "any": [processes.any(index == 1), processes.any(False)],
    }  # fmt: skip


def main(folder: Path) -> None:
    outcome: dict[str, object] = {}
    groups: list[weakref.ref[object]] = []

    def tell() -> None:
        told = outcome | {"parted": all(group() is None for group in groups)}
        (folder / f"{os.environ['RANK']}.json").write_text(json.dumps(told))

    atexit.register(tell)  # before a training registers that the processes part, and so called after that
    outcome |= {
        "plain": run(folder / "plain", Rivals(10)),
        "normed": run(folder / "normed", Rivals(6, normed=True)),
        "parts": run(folder / "parts", Rivals(10, interrupted=5)),
        "resumed": run(folder / "parts", Rivals(10), resume=True),
        "stopped": run(folder / "stopped", Rivals(10, interrupted=6)),
        "means": means(int(os.environ["RANK"])),
    }
    groups.append(weakref.ref(torch.distributed.group.WORLD))


if __name__ == "__main__":
    journal._board = lambda folder, start: None  # TensorBoard is slow
    main(Path(sys.argv[1]))
