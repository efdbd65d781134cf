"""The training loop. It knows phases, checkpoints and the clock; what is learnt is the recipe's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase, Recipe
from restore.errors import RestoreError, UsageError
from restore.runtime.policy import autocast, choose_precision
from restore.training import checkpoint, pictures
from restore.training.average import MovingAverage
from restore.training.export import Account, export, exported, rounded
from restore.training.interrupts import stop_requests
from restore.training.journal import VALIDATION, Journal
from restore.training.resume import (
    CHECKPOINT,
    as_saved,
    check_data,
    completed,
    device_of,
    fingerprint,
    saved_options,
    saved_state,
)
from restore.training.settings import Result, Settings

__all__ = ["CHECKPOINT", "Result", "Settings", "TrainingError", "saved_options", "train"]


class TrainingError(RestoreError):
    """Training that cannot go on: a loss that is no longer a number."""


def train(recipe: Recipe, settings: Settings) -> Result:
    """Run a recipe to its last step, or to an interruption, which leaves a checkpoint to resume from.

    On the CPU a resumed run ends with the very bits of an uninterrupted one. One that is finished is left as
    it is.

    Raises:
        InputError: data that cannot be read, or a checkpoint that is none.
        UsageError: a run folder that holds another run, a precision that cannot be trained in, ``resume`` with
            other options, data, device or precision.
        DeviceError: a device that is absent.
        RestoreError: a run folder that cannot be written.
        TrainingError: a loss that is not finite.
    """
    _check(recipe, settings)
    saved = saved_state(recipe.name, settings)
    settings = settings if saved is None else completed(settings, saved)
    files = fingerprint(settings.data, settings.output)
    check_data(settings, saved, "data_files", files)
    start = saved["step"] if saved is not None else 0
    journal = Journal(quiet=settings.quiet)
    try:
        path = settings.output / CHECKPOINT
        done = exported(settings.output, recipe, path) if start == recipe.steps else None
        if done is not None:
            journal.say(f"the run is finished; weights: {done}")
            return Result(step=start, scores={}, checkpoint=path, weights=done)
        device = device_of(settings, saved)
        precision = choose_precision(settings.precision, device, ("float32", "bfloat16"))
        data = recipe.load_data(settings.data, _data_progress(journal))
        check_data(settings, saved, "data_line", data)
        journal.say(data)
        journal.open(settings.output, start=start, steps=recipe.steps)
        identity = {
            "recipe": recipe.name,
            "options": as_saved(settings.options),
            "defaults": as_saved(settings.defaults),
            "data": str(settings.data.absolute()) if settings.data is not None else None,
            "data_line": data,
            "data_files": files,
            "validation": str(settings.validation.absolute()) if settings.validation is not None else None,
            "device": device.type,
            "precision": precision,
        }
        run = _Run(recipe, settings, device, precision, journal, saved, identity)
        saved = None  # it holds the networks and optimisers once more
        journal.say(f"training on {device} in {precision}, from step {start} to {recipe.steps}")
        return run.go(start)
    finally:
        journal.close()


def _check(recipe: Recipe, settings: Settings) -> None:
    if settings.precision == "float16":
        raise UsageError(
            "training in float16 loses small gradients, and the loop does not scale the loss",
            "use --precision bfloat16 or float32",
        )
    if not 0 <= recipe.seed < 2**63:
        raise UsageError(f"the seed {recipe.seed} is out of range", "use a seed from 0 to 2**63 - 1")


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
        identity: Mapping[str, Any],
    ) -> None:
        self.recipe, self.settings, self.journal = recipe, settings, journal
        self.device, self.precision, self.identity = device, precision, identity
        torch.manual_seed(recipe.seed)
        self.phases = recipe.build()
        for phase in self.phases:
            phase.network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.rates = [[group["lr"] for group in phase.optimizer.param_groups] for phase in self.phases]
        self.network = self.phases[-1].network
        self.average = MovingAverage(self.network, recipe.ema) if recipe.ema else None
        if saved is not None:
            self._load(saved)

    def go(self, start: int) -> Result:
        """Take the steps from ``start``; save, validate and export when it is time."""
        path = self.settings.output / CHECKPOINT
        scores: Mapping[str, float] = {}
        last = self.recipe.steps
        with stop_requests() as stop_requested:
            for step in range(start + 1, last + 1):
                self._step(step)
                stopped = stop_requested() and step != last
                # Saved before it is scored: a validation image that cannot be read costs no steps.
                if stopped or step == last or step % self.settings.checkpoint_every == 0:
                    checkpoint.save(path, self._state(step))
                if step != last and step % self.settings.validate_every == 0:
                    scores = self._look(step, self._settled())
                if stopped:
                    self.journal.say(f"interrupted after step {step}; --resume continues from {path}")
                    return Result(step=step, scores=scores, checkpoint=path, weights=None)
        with rounded(self._settled()) as network:
            scores = self._look(last, network)
        account = Account(
            step=last, settings=self.settings, device=self.device.type, precision=self.precision,
            data=self.identity["data_line"], scores=scores,
        )  # fmt: skip
        written = export(self.settings.output, self.recipe, self._best(), account)
        self.journal.say(f"weights: {written}")
        return Result(step=last, scores=scores, checkpoint=path, weights=written)

    def _step(self, step: int) -> None:
        _seed(self.recipe.seed, step)
        batch = {key: _place(value, self.device) for key, value in self.recipe.batch(step).items()}
        factor = self.recipe.learning_rate(step)
        values: dict[str, float] = {"learning_rate_factor": factor}
        for phase, rates in zip(self.phases, self.rates, strict=True):
            values |= self._take_turn(phase, [rate * factor for rate in rates], batch, step)
        if self.average is not None:
            self.average.update(self.network, step)
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
                "begin another run in another folder with a lower learning rate, a smaller clip"
                + (" or --precision float32" if self.precision != "float32" else ""),
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

    def _settled(self) -> nn.Module:
        """Return the network that is looked at or exported, in the state that the recipe leaves it in."""
        network = self._best()
        training = network.training
        with torch.inference_mode():
            self.recipe.settle(network.eval())
        return network.train(training)

    def _look(self, step: int, network: nn.Module) -> Mapping[str, float]:
        """Score the network and draw what it makes."""
        training = network.training
        try:
            with torch.inference_mode():
                scores = self._validate(step, network.eval())
                if pictures.is_due(step, self.recipe.steps, self.settings.validate_every):
                    self._draw(step, network)
        finally:
            network.train(training)
        return scores

    def _validate(self, step: int, network: nn.Module) -> Mapping[str, float]:
        if self.settings.validation is None:
            return {}
        _seed(self.recipe.seed, step)
        scores = self.recipe.validate(network, self.settings.validation)
        self.journal.record(step, {f"{VALIDATION}{name}": value for name, value in scores.items()}, say=True)
        return scores

    def _draw(self, step: int, network: nn.Module) -> None:
        _seed(self.recipe.seed, step)
        try:
            if images := self.recipe.pictures(network, self.settings.validation):
                drawn = pictures.sheet(images)
                pictures.write(self.settings.output, step, drawn)
                self.journal.show(step, drawn)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, a picture is not worth the run
            self.journal.say(f"no picture of step {step}: {type(error).__name__}: {error}")

    def _state(self, step: int) -> dict[str, Any]:
        return {
            "step": step,
            **self.identity,
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


def _seed(seed: int, step: int) -> None:
    """Seed torch on every device, for draws within a step: dropout, noise, a permutation."""
    torch.manual_seed(int(np.random.SeedSequence([seed, step], spawn_key=(0,)).generate_state(1, np.uint64)[0]))


def _place(value: Tensor, device: torch.device) -> Tensor:
    layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
    return value.to(device, non_blocking=True).contiguous(memory_format=layout)


def _data_progress(journal: Journal) -> Callable[[int, int], None]:
    task = journal.progress.add_task("reading images", total=None, visible=False)

    def report(done: int, total: int) -> None:
        journal.progress.update(task, completed=done, total=total, visible=done < total)

    return report
