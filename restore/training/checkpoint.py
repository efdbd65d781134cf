"""Checkpoints: the whole state of a run in one safetensors file, written to a temporary name and renamed.

Nested state (optimisers keep dictionaries of dictionaries) is flattened: tensors under slash-joined keys,
everything else as JSON in the header. So loading a checkpoint never runs code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from restore.errors import InputError
from restore.training.replacing import replacing

FORMAT = "restore-checkpoint-1"


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write nested dictionaries, lists, tensors and JSON values; an interruption leaves the old file.

    Raises:
        RestoreError: it cannot be written: the disk is full.
    """
    tensors: dict[str, Tensor] = {}
    layout = _flatten(state, "", tensors)
    with replacing(path) as temporary:
        save_file(tensors, temporary, {"format": FORMAT, "layout": json.dumps(layout)})


def load(path: Path) -> dict[str, Any]:
    """Return the state that ``save`` wrote, on the CPU. Raises InputError for any other file."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            # Copies, because the reader's tensors are windows into the file.
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118 - no iterator
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is not a readable checkpoint: {error}", "start anew without --resume") from error
    if metadata.get("format") != FORMAT:
        raise InputError(f"{path} is a safetensors file but no checkpoint of this toolkit")
    state: dict[str, Any] = _restore(json.loads(metadata["layout"]), tensors)
    return state


def _flatten(value: Any, key: str, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of ``value`` into ``tensors`` and return the rest as JSON, with type tags."""
    if isinstance(value, Tensor):
        tensors[key] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        return {"tensor": key}
    if isinstance(value, Mapping):
        items = [[k, _flatten(v, f"{key}/{k}", tensors)] for k, v in value.items()]
        return {"dict": items}
    if isinstance(value, list | tuple):
        return {"list": [_flatten(v, f"{key}/{i}", tensors) for i, v in enumerate(value)]}
    return {"value": value}


def _restore(layout: Any, tensors: Mapping[str, Tensor]) -> Any:
    [(tag, content)] = layout.items()
    if tag == "tensor":
        return tensors[content]
    if tag == "dict":
        return {key: _restore(item, tensors) for key, item in content}
    if tag == "list":
        return [_restore(item, tensors) for item in content]
    return content
