"""The training loop. It knows phases, checkpoints and the clock; what is learnt is the recipe's business."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from restore.contracts import Batch, Phase, Recipe
from restore.errors import RestoreError, UsageError
from restore.runtime.policy import autocast, choose_precision
from restore.seeds import check_seed
from restore.training import checkpoint
from restore.training.average import MovingAverage
from restore.training.data import seed_torch
from restore.training.export import Account, export, exported, rounded, weights_of
from restore.training.interrupts import stop_requests
from restore.training.journal import Journal
from restore.training.look import look
from restore.training.processes import Processes, is_first, take_device, together
from restore.training.resume import (
    CHECKPOINT,
    check_data,
    completed,
    device_of,
    fingerprint,
    identity,
    saved_options,
    saved_state,
    validation_changed,
)
from restore.training.settings import Result, Settings

__all__ = ["CHECKPOINT", "Result", "Settings", "TrainingError", "saved_options", "train"]


class TrainingError(RestoreError):
    """Training that cannot go on: a loss that is no longer a number."""


def train(recipe: Recipe, settings: Settings) -> Result:
    """Run a recipe to its last step, or to an interruption, which leaves a checkpoint to resume from.

    On the CPU a resumed run ends with the very bits of an uninterrupted one. One that is finished is left as
    it is. Called in each process that torchrun started, all train one network: the first writes, validates and
    talks, and its result has the scores.

    Raises:
        InputError: data that cannot be read, or a checkpoint that is none.
        UsageError: a run folder that holds another run, a precision that cannot be trained in, ``resume`` with
            other options, data, validation set, device or precision, a batch that the processes cannot share.
        DeviceError: a device that is absent.
        RestoreError: a run folder that cannot be written, processes that lose each other.
        TrainingError: a loss that is not finite.
    """
    _check(recipe, settings)
    saved = saved_state(recipe.name, settings)
    settings = settings if saved is None else completed(settings, saved)
    files = fingerprint(settings.data, settings.output)
    check_data(settings, saved, "data_files", files)
    scored = fingerprint(settings.validation, settings.output)
    changed = validation_changed(settings, saved, scored)
    start = saved["step"] if saved is not None else 0
    journal = Journal(quiet=settings.quiet or not is_first())
    try:
        path = settings.output / CHECKPOINT
        done = exported(settings.output, recipe, path) if start == recipe.steps else None
        if done is not None:
            journal.say(f"the run is finished; weights: {done}")
            return Result(step=start, scores={}, checkpoint=path, weights=done)
        if changed:
            journal.say(f"files of {settings.validation} came, went or changed in size: scores are of other images now")
        if settings.validation is not None:
            recipe.check_validation(settings.validation)
        take_device(settings.device)
        device = device_of(settings, saved)
        with together(device) as processes:
            precision = choose_precision(settings.precision, device, ("float32", "bfloat16"))
            data = recipe.load_data(settings.data, journal.reading())
            check_data(settings, saved, "data_line", data)
            journal.say(data)
            if processes.count > 1:
                processes.share(recipe.batch(max(start, 1)))  # refused before there is a run folder
            if processes.first:
                journal.open(settings.output, start=start, steps=recipe.steps)
            known = identity(
                recipe, settings, files=files, scored=scored, line=data, device=device, precision=precision
            )
            run = _Run(recipe, settings, processes, precision, journal, saved, known)
            saved = None  # it holds the networks and optimisers once more
            where = f"{processes.count} x {device.type}" if processes.count > 1 else str(device)
            journal.say(f"training on {where} in {precision}, from step {start} to {recipe.steps}")
            return run.go(start)
    finally:
        journal.close()


def _check(recipe: Recipe, settings: Settings) -> None:
    if settings.precision == "float16":
        raise UsageError(
            "training in float16 loses small gradients, and the loop does not scale the loss",
            "use --precision bfloat16 or float32",
        )
    check_seed(recipe.seed)


class _Run:
    """The state of a run between its steps."""

    def __init__(
        self,
        recipe: Recipe,
        settings: Settings,
        processes: Processes,
        precision: str,
        journal: Journal,
        saved: Mapping[str, Any] | None,
        identity: Mapping[str, Any],
    ) -> None:
        self.recipe, self.settings, self.journal = recipe, settings, journal
        self.processes, self.device = processes, processes.device
        self.precision, self.identity = precision, identity
        torch.manual_seed(recipe.seed)
        self.phases = recipe.build()
        for phase in self.phases:
            phase.network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.rates = [[group["lr"] for group in phase.optimizer.param_groups] for phase in self.phases]
        self.network = self.phases[-1].network
        self.average = MovingAverage(self.network, recipe.ema) if recipe.ema else None
        if saved is not None:
            self._load(saved)
        for network in self._networks().values():
            processes.copy_from_first(network)

    def go(self, start: int) -> Result:
        """Take the steps from ``start``; save, validate and export when it is time."""
        path = self.settings.output / CHECKPOINT
        scores: Mapping[str, float] = {}
        last = self.recipe.steps
        with stop_requests() as stop_requested:
            for step in range(start + 1, last + 1):
                self._step(step)
                stopped = self.processes.any(stop_requested()) and step != last
                # Saved before it is scored: a validation image that cannot be read costs no steps.
                if stopped or step == last or step % self.settings.checkpoint_every == 0:
                    self._save(path, step)
                if step != last and step % self.settings.validate_every == 0:
                    scores = self._look(step)
                if stopped:
                    self.processes.wait()  # torchrun ends all when the first of them ends so
                    self.journal.say(f"interrupted after step {step}; --resume continues from {path}")
                    return Result(step=step, scores=scores, checkpoint=path, weights=None)
        scores = self._export(self._settled()) if self.processes.first else {}
        self.processes.wait()
        return Result(step=last, scores=scores, checkpoint=path, weights=weights_of(self.settings.output, self.recipe))

    def _export(self, network: nn.Module) -> Mapping[str, float]:
        """Write the weights and their card; return the scores of the weights as they are written."""
        last, count = self.recipe.steps, self.processes.count
        with rounded(network):
            scores = look(self.recipe, self.settings, self.journal, last, network)
        account = Account(
            step=last, settings=self.settings, precision=self.precision, data=self.identity["data_line"], scores=scores,
            device=f"{count} x {self.device.type}" if count > 1 else self.device.type,
        )  # fmt: skip
        written = export(self.settings.output, self.recipe, network, account)
        self.journal.say(f"weights: {written}")
        return scores

    def _step(self, step: int) -> None:
        seed_torch(self.recipe.seed, step)
        share = self.processes.share(self.recipe.batch(step))
        if not self.processes.first:  # all drew the same batch; what its rows meet from here on differs
            seed_torch(self.recipe.seed, step, self.processes.index)
        batch = {key: _place(value, self.device) for key, value in share.items()}
        factor = self.recipe.learning_rate(step)
        values: dict[str, float] = {"learning_rate_factor": factor}
        for phase, rates in zip(self.phases, self.rates, strict=True):
            values |= self._take_turn(phase, [rate * factor for rate in rates], batch, step)
        self.processes.average_buffers(phase.network for phase in self.phases)
        if self.average is not None:
            self.average.update(self.network, step)
        if not self.processes.first:
            return
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
        self.processes.average_gradients(phase.network)
        limit = self.recipe.clip if self.recipe.clip is not None else float("inf")
        norm = nn.utils.clip_grad_norm_(phase.network.parameters(), limit)
        values = self.processes.mean({"loss": loss, "gradient_norm": norm, **terms})
        if not (math.isfinite(values["loss"]) and math.isfinite(values["gradient_norm"])):
            raise TrainingError(
                f"step {step}: the loss of {phase.name} is {values['loss']}, its gradient's norm "
                f"{values['gradient_norm']}",
                "begin another run in another folder with a lower learning rate, a smaller clip"
                + (" or --precision float32" if self.precision != "float32" else ""),
            )
        phase.optimizer.step()
        return {f"{phase.name}/{key}": value for key, value in values.items()}

    def _look(self, step: int) -> Mapping[str, float]:
        """Let the first process look at the network; the others wait with their next step."""
        return look(self.recipe, self.settings, self.journal, step, self._settled()) if self.processes.first else {}

    def _best(self) -> nn.Module:
        return self.average.network if self.average is not None else self.network

    def _settled(self) -> nn.Module:
        """Return what is looked at or exported: a copy in the state that the recipe leaves it in, if it does settle.

        Training goes on from the network as it was, so that looking at it does not change the run.
        """
        best = self._best()
        if type(self.recipe).settle is Recipe.settle:
            return best
        network = copy.deepcopy(best).eval()
        with torch.inference_mode():
            self.recipe.settle(network)
        return network

    def _networks(self) -> dict[str, nn.Module]:
        average = {"average": self.average.network} if self.average is not None else {}
        return {phase.name: phase.network for phase in self.phases} | average

    def _save(self, path: Path, step: int) -> None:
        self.processes.check_equal(self._networks())
        if self.processes.first:
            checkpoint.save(path, self._state(step))

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


def _place(value: Tensor, device: torch.device) -> Tensor:
    layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
    return value.to(device, non_blocking=True).contiguous(memory_format=layout)
