"""PyTorch checkpoints into safetensors. A pickle can hold a program; this reads it without running one."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore import weights
from restore.errors import WeightsError
from restore.quiet import torch_quiet

if TYPE_CHECKING:
    from torch import Tensor

DEPTH = 8
"""How far tensors may be nested; a pickle can hold a dictionary that contains itself."""
NESTINGS = ("params_ema", "params", "state_dict", "model", "generator", "net", "module")
"""Keys under which training codes keep the tensors; averaged ones come first."""


def convert(source: Path, target: Path, *, half: bool = False) -> dict[str, Tensor]:
    """Turn a PyTorch checkpoint into a safetensors file and return the tensors that it got.

    Args:
        source: a file that ``torch.save`` wrote.
        target: a safetensors file, written under a temporary name and renamed.
        half: store float16.

    Raises:
        WeightsError: the file is absent or damaged, would run code, holds no tensors, or tensors that
            safetensors cannot hold (sparse, quantized, without data).
    """
    state = read(source)
    odd = [name for name, tensor in state.items() if not _is_plain(tensor)]
    if odd:
        raise WeightsError(
            f"{source} holds tensors that safetensors cannot: {odd[0]} is {_oddity(state[odd[0]])}",
            "make it dense and of a plain type where the model lives, save its state_dict, and convert that",
        )
    metadata = {"source": source.name, "source_sha256": weights.digest(source)}
    weights.write(target, state, metadata, half=half)
    return state


def read(source: Path) -> dict[str, Tensor]:
    """Return the tensors of a PyTorch checkpoint by name, on the CPU.

    Raises:
        WeightsError: the file is absent or damaged, would run code, or holds no tensors.
    """
    state = tensors(load(source))
    if not state:
        raise WeightsError(f"{source} holds no tensors by name", "convert the file that holds the state_dict")
    return state


def _is_plain(tensor: Tensor) -> bool:
    import torch

    return tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_meta


def _oddity(tensor: Tensor) -> str:
    if tensor.is_quantized:
        return "quantized"
    return "without data" if tensor.is_meta else "sparse"


def load(source: Path) -> Any:
    """Return what a PyTorch checkpoint holds, as it is nested there, on the CPU.

    Raises:
        WeightsError: the file is absent or damaged, or reading it would run code.
    """
    import torch

    if is_safetensors(source):
        raise WeightsError(f"{source} is a safetensors file already", "use it as it is")
    try:
        with torch_quiet():  # remarks on the pickle's protocol; what matters is raised
            return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{source} holds more than tensors, and reading it could run code: refused",
            "load it where you trust it, then torch.save(model.state_dict(), ...), and convert that",
        ) from error
    except Exception as error:  # torch raises many types for damaged files, OSError among them
        if "TorchScript" in str(error):
            raise WeightsError(
                f"{source} is a TorchScript archive, which holds a program: refused",
                "where you trust it: torch.save(torch.jit.load(...).state_dict(), ...), and give that",
            ) from error
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}".rstrip(": ")
        raise WeightsError(
            f"{source} is no PyTorch checkpoint, or a damaged one ({reason})",
            "download or copy it again; a checkpoint is what torch.save writes",
        ) from error


def is_safetensors(source: Path) -> bool:
    """Whether a file is one, whatever its name. Raises WeightsError if it cannot be read."""
    try:
        with source.open("rb"):
            pass
    except OSError as error:
        raise WeightsError(
            f"{source} cannot be read: {error.strerror or error}", "name a file that torch.save wrote"
        ) from error
    try:
        weights.header(source)
    except WeightsError:
        return False
    return True


def tensors(loaded: Any) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint, out of common nestings and without data-parallel's ``module.``."""
    import torch

    for _ in range(DEPTH):
        inner = [loaded[key] for key in NESTINGS if _holds_mapping(loaded, key)]
        if not inner:
            break
        loaded = inner[0]
    if not isinstance(loaded, Mapping):
        return {}
    state = {str(name): value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
    if state and all(name.startswith("module.") for name in state):
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return state


def _holds_mapping(loaded: Any, key: str) -> bool:
    return isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping)
