"""The training loop. It knows phases, checkpoints and the clock; what is learnt is the recipe's business."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from restore.errors import RestoreError, UsageError
from restore.runtime.policy import autocast, choose_device, choose_precision
from restore.training import checkpoint
from restore.training.average import MovingAverage
from restore.training.export import export
from restore.training.journal import Journal
from restore.training.recipe import Batch, Phase, Recipe

CHECKPOINT = "checkpoint.safetensors"


class TrainingError(RestoreError):
    """Training that cannot go on: a loss that is no longer a number."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run is carried out; nothing here changes what is learnt, except for rounding."""

    data: Path
    output: Path
    options: Mapping[str, Any]
    """The recipe's options as the user gave them, for the card and for the check on resuming."""
    validation: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    resume: bool = False
    log_every: int = 50
    validate_every: int = 500
    checkpoint_every: int = 500
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run came to: ``weights`` is None when it was interrupted before its last step."""

    step: int
    scores: Mapping[str, float]
    checkpoint: Path
    weights: Path | None


def train(recipe: Recipe, settings: Settings) -> Result:
    """Run a recipe to its last step, or to an interruption, which leaves a checkpoint to resume from.

    On the CPU a resumed run ends with the very bits of an uninterrupted one.

    Raises:
        InputError: data that cannot be read, or a checkpoint that is none.
        UsageError: a run folder that holds another run, or ``resume`` with other options.
        TrainingError: a loss that is not finite.
    """
    settings.output.mkdir(parents=True, exist_ok=True)
    path = settings.output / CHECKPOINT
    saved = _saved_state(path, recipe, settings)
    device = choose_device(settings.device)
    precision = choose_precision(settings.precision, device, ("float32", "bfloat16"))
    start = saved["step"] if saved else 0
    journal = Journal(settings.output, start=start, steps=recipe.steps, quiet=settings.quiet)
    try:
        run = _Run(recipe, settings, device, precision, journal, saved)
        return run.go(start, path)
    finally:
        journal.close()


def saved_options(folder: Path) -> dict[str, str]:
    """Return the recipe's options of the run in a folder; none when there is no run."""
    path = folder / CHECKPOINT
    return dict(checkpoint.load(path)["options"]) if path.exists() else {}


def _saved_state(path: Path, recipe: Recipe, settings: Settings) -> dict[str, Any] | None:
    if not path.exists():
        if settings.resume:
            raise UsageError(f"{settings.output} holds no checkpoint", "leave --resume out to start a run")
        return None
    if not settings.resume:
        raise UsageError(f"{settings.output} holds a run already", "continue it with --resume, or name another folder")
    state = checkpoint.load(path)
    options = {key: str(value) for key, value in settings.options.items()}
    if state["recipe"] != recipe.name or state["options"] != options:
        raise UsageError(
            f"{settings.output} holds a run of {state['recipe']} with {state['options'] or 'its defaults'}",
            "resume it with the same recipe and options",
        )
    return state


class _Run:
    """The state of a run between its steps."""

    def __init__(
        self,
        recipe: Recipe,
        settings: Settings,
        device: torch.device,
        precision: str,
        journal: Journal,
        saved: Mapping[str, Any] | None,
    ) -> None:
        self.recipe, self.settings, self.journal = recipe, settings, journal
        self.device, self.precision = device, precision
        self.data = recipe.load_data(settings.data, _data_progress(journal))
        journal.say(self.data)
        torch.manual_seed(recipe.seed)
        self.phases = recipe.build()
        for phase in self.phases:
            phase.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.rates = [[group["lr"] for group in phase.optimizer.param_groups] for phase in self.phases]
        self.network = self.phases[-1].network
        self.average = MovingAverage(self.network, recipe.ema) if recipe.ema else None
        if saved:
            self._load(saved)
        start = saved["step"] if saved else 0
        journal.say(f"training on {device} in {precision}, from step {start} to {recipe.steps}")

    def go(self, start: int, path: Path) -> Result:
        """Take the steps from ``start``; validate, save and export when it is time."""
        scores: Mapping[str, float] = {}
        step = start
        with _stop_requests() as stop_requested:
            for step in range(start + 1, self.recipe.steps + 1):
                self._step(step)
                last = step == self.recipe.steps
                if last or step % self.settings.validate_every == 0:
                    scores = self._validate(step)
                stopped = stop_requested() and not last
                if stopped or last or step % self.settings.checkpoint_every == 0:
                    checkpoint.save(path, self._state(step))
                if stopped:
                    self.journal.say(f"interrupted after step {step}; --resume continues from {path}")
                    return Result(step=step, scores=scores, checkpoint=path, weights=None)
        exported = export(
            self.settings.output, self.recipe, self._best(), step=step, data=self.data, scores=scores,
            options=self.settings.options,
        )  # fmt: skip
        self.journal.say(f"weights: {exported}")
        return Result(step=step, scores=scores, checkpoint=path, weights=exported)

    def _step(self, step: int) -> None:
        batch = {key: _place(value, self.device) for key, value in self.recipe.batch(step).items()}
        factor = self.recipe.learning_rate(step - 1)
        values: dict[str, float] = {"learning_rate_factor": factor}
        for phase, rates in zip(self.phases, self.rates, strict=True):
            values |= self._take_turn(phase, [rate * factor for rate in rates], batch, step)
        if self.average is not None:
            self.average.update(self.network, step - 1)
        self.journal.advance(step, values[f"{self.phases[-1].name}/loss"])
        if step % self.settings.log_every == 0 or step == 1:
            self.journal.record(step, values, say=not self.journal.console.is_terminal)

    def _take_turn(self, phase: Phase, rates: Sequence[float], batch: Batch, step: int) -> dict[str, float]:
        for group, rate in zip(phase.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        phase.network.train()
        phase.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.precision):
            loss, terms = phase.objective(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        limit = self.recipe.clip if self.recipe.clip is not None else float("inf")
        norm = nn.utils.clip_grad_norm_(phase.network.parameters(), limit)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise TrainingError(
                f"step {step}: the loss of {phase.name} is {loss.item()}, its gradient's norm {norm.item()}",
                "resume from the last checkpoint with a lower learning rate, --precision float32, or clip",
            )
        phase.optimizer.step()
        values = {
            "loss": loss.item(),
            "gradient_norm": norm.item(),
            **{k: v.item() for k, v in terms.items()},
        }
        return {f"{phase.name}/{key}": value for key, value in values.items()}

    def _best(self) -> nn.Module:
        return self.average.network if self.average is not None else self.network

    def _validate(self, step: int) -> Mapping[str, float]:
        if self.settings.validation is None:
            return {}
        network = self._best()
        training = network.training
        with torch.inference_mode():
            scores = self.recipe.validate(network.eval(), self.settings.validation)
        network.train(training)
        self.journal.record(step, {f"validation/{name}": value for name, value in scores.items()}, say=True)
        return scores

    def _state(self, step: int) -> dict[str, Any]:
        return {
            "step": step,
            "recipe": self.recipe.name,
            "options": {key: str(value) for key, value in self.settings.options.items()},
            "networks": {phase.name: phase.network.state_dict() for phase in self.phases},
            "optimizers": {phase.name: phase.optimizer.state_dict() for phase in self.phases},
            "average": self.average.network.state_dict() if self.average is not None else None,
        }

    def _load(self, state: Mapping[str, Any]) -> None:
        for phase in self.phases:
            phase.network.load_state_dict(state["networks"][phase.name])
            phase.optimizer.load_state_dict(state["optimizers"][phase.name])
        if self.average is not None:
            self.average.network.load_state_dict(state["average"])


def _place(value: Tensor, device: torch.device) -> Tensor:
    layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
    return value.to(device, non_blocking=True).contiguous(memory_format=layout)


def _data_progress(journal: Journal) -> Callable[[int, int], None]:
    task = journal.progress.add_task("reading images", total=None)

    def report(done: int, total: int) -> None:
        journal.progress.update(task, completed=done, total=total, visible=done < total)

    return report


@contextmanager
def _stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and a polite kill into a request, honoured between steps; a second one kills."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def request(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    previous = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
