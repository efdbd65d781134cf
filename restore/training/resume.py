"""What makes a run the same run: its recipe, options, data, device and precision, kept in the checkpoint."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from restore.contracts import Recipe
from restore.errors import DeviceError, InputError, UsageError
from restore.runtime.policy import choose_device
from restore.training import checkpoint
from restore.training.settings import Settings

CHECKPOINT = "checkpoint.safetensors"
RENEW = "begin another run in another folder with -o"


def saved_options(folder: Path) -> dict[str, str]:
    """Return the recipe's options of the run in a folder; none when there is no run."""
    path = folder / CHECKPOINT
    return dict(checkpoint.load(path)["options"]) if path.exists() else {}


def saved_state(recipe: str, settings: Settings) -> dict[str, Any] | None:
    """Return the checkpoint to go on from; None for a new run.

    Raises:
        InputError: a file that is no checkpoint.
        UsageError: a folder that holds a run already, none to resume, or another one.
    """
    path = settings.output / CHECKPOINT
    if not path.exists():
        if settings.resume:
            raise UsageError(f"{settings.output} holds no checkpoint", "leave --resume out to start a run")
        return None
    if not settings.resume:
        raise UsageError(f"{settings.output} holds a run already", "continue it with --resume, or name another folder")
    state = checkpoint.load(path)
    now = as_saved(settings.defaults)
    before = now | state.get("defaults", {})
    if state["recipe"] != recipe or before | state["options"] != now | as_saved(settings.options):
        raise UsageError(
            f"{settings.output} holds a run of {state['recipe']} with {_listed(state['options'])}"
            + _changed(before | state["options"], now | as_saved(settings.options)),
            "resume it with the same recipe and options",
        )
    return state


def identity(
    recipe: Recipe, settings: Settings, *, files: str, scored: str, line: str, device: torch.device, precision: str
) -> dict[str, Any]:
    """Return what the checkpoint keeps of a run beside its state.

    Args:
        recipe: its name counts.
        settings: of the run.
        files: the fingerprint of its data.
        scored: the fingerprint of its validation set.
        line: what ``Recipe.load_data`` said of them.
        device: its type counts.
        precision: that it trains in.
    """
    return {
        "recipe": recipe.name,
        "options": as_saved(settings.options),
        "defaults": as_saved(settings.defaults),
        "data": str(settings.data.absolute()) if settings.data is not None else None,
        "data_line": line,
        "data_files": files,
        "validation": str(settings.validation.absolute()) if settings.validation is not None else None,
        "validation_files": scored,
        "device": device.type,
        "precision": precision,
    }


def completed(settings: Settings, saved: Mapping[str, Any]) -> Settings:
    """Return the settings with what the checkpoint knows in place of what was left out.

    Raises:
        UsageError: another device or precision than the run's was asked for.
        InputError: the run's data are no longer where they were.
    """
    device, precision = saved.get("device", "auto"), saved.get("precision", "auto")
    for label, asked, found in (
        ("device", settings.device.partition(":")[0], device),
        ("precision", settings.precision, precision),
    ):
        if "auto" not in (asked, found) and asked != found:
            raise UsageError(
                f"{settings.output} holds a run with --{label} {found}, not {asked}",
                f"leave --{label} out to go on as it was, or {RENEW}",
            )
    return replace(
        settings,
        options={name: settings.options.get(name, value) for name, value in saved["options"].items()},
        data=settings.data or _place(saved, "data"),
        validation=settings.validation or _place(saved, "validation"),
        device=device if settings.device == "auto" else settings.device,
        precision=precision if settings.precision == "auto" else settings.precision,
    )


def _place(saved: Mapping[str, Any], label: str) -> Path | None:
    if not saved.get(label):
        return None
    path = Path(saved[label])
    if not path.exists():
        raise InputError(f"the run's folder {path} does not exist any more", f"say where it is with --{label}")
    return path


def device_of(settings: Settings, saved: Mapping[str, Any] | None) -> torch.device:
    """Return the device to train on. Raises DeviceError where this machine lacks it."""
    try:
        return choose_device(settings.device)
    except DeviceError as error:
        if saved is None or "device" not in saved:
            raise
        raise DeviceError(
            f"{settings.output} holds a run with --device {saved['device']}, and there is none here",
            f"resume it on a machine that has one, or {RENEW}",
        ) from error


def check_data(settings: Settings, saved: Mapping[str, Any] | None, key: str, found: str) -> None:
    """Compare what is known of the data, ``data_line`` or ``data_files``. Raises UsageError if it changed."""
    if saved is not None and saved.get(key, found) != found:
        was = f": then {saved[key]}, now {found}" if key == "data_line" else ": files came, went or changed in size"
        raise UsageError(
            f"{settings.output} holds a run on other data{was}", f"name the same data with --data, or {RENEW}"
        )


def validation_changed(settings: Settings, saved: Mapping[str, Any] | None, found: str) -> bool:
    """Whether files of the validation set came, went or changed in size where it was: a broken one was taken out.

    Args:
        settings: completed.
        saved: the checkpoint. A run without a validation set may get one.
        found: the fingerprint of the validation set.

    Raises:
        UsageError: another set is named than the run's.
    """
    if saved is None or settings.validation is None or not saved.get("validation"):
        return False
    if saved.get("validation_files", found) == found:
        return False
    was = Path(saved["validation"])
    if settings.validation.resolve() != was.resolve():
        raise UsageError(
            f"{settings.output} holds a run with --validation {was}, and {settings.validation} has other files",
            f"leave --validation out to go on as it was, name a copy of the same files, or {RENEW}",
        )
    return True


def fingerprint(data: Path | None, leave_out: Path) -> str:
    """Return a hash of the names and sizes of the files of a data set; empty where there is none.

    Args:
        data: a folder, or a file.
        leave_out: a folder whose files do not count: the run's.
    """
    if data is None:
        return ""
    total = hashlib.sha256()
    for name, path in sorted(_files(data, leave_out)):
        size = path.stat().st_size if path.exists() else -1
        total.update(f"{name}\0{size}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _files(data: Path, leave_out: Path) -> Iterator[tuple[str, Path]]:
    if not data.is_dir():
        yield data.name, data
        return
    forbidden = leave_out.resolve()
    for where, folders, names in os.walk(data):
        here = Path(where)
        folders[:] = [f for f in folders if not f.startswith(".") and (here / f).resolve() != forbidden]
        for path in (here / name for name in names if not name.startswith(".")):
            yield path.relative_to(data).as_posix(), path


def as_saved(options: Mapping[str, Any]) -> dict[str, str]:
    """Return options as the checkpoint keeps them: text."""
    return {key: str(value) for key, value in options.items()}


def _listed(options: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in options.items()) or "its defaults"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    told = [
        f"{key}={before.get(key, 'unset')} there, {now.get(key, 'unset')} now"
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    return f" ({'; '.join(told)})" if told else ""
