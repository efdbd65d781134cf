"""Backend flags while measuring: full float32 precision, the same algorithms each time, all put back after."""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from restore.quiet import Held, Undo

CUDNN = ("deterministic", "benchmark")
PRECISIONS = {
    "cuda.matmul": "none", "cudnn.conv": "tf32", "cudnn.rnn": "tf32",
    "mkldnn.matmul": "none", "mkldnn.conv": "none", "mkldnn.rnn": "none",
}  # fmt: skip
"""Places below ``torch.backends`` whose ``fp32_precision`` may be ``tf32`` or ``bf16``, and what torch starts with."""
RECORDED = ("cudnn.allow_tf32", "cudnn.benchmark", "cudnn.deterministic", "float32_matmul_precision")


def flags() -> dict[str, Any]:
    """Return every flag that changes a result; None for one that torch refuses to read."""
    cudnn: Any = torch.backends.cudnn
    found: dict[str, Any] = {f"cudnn.{name}": getattr(cudnn, name) for name in CUDNN}
    found |= {f"{place}.fp32_precision": _holder(place).fp32_precision for place in PRECISIONS}
    found["cudnn.allow_tf32"] = found["float32_matmul_precision"] = None
    with contextlib.suppress(RuntimeError):
        found["cudnn.allow_tf32"] = cudnn.allow_tf32
    with contextlib.suppress(RuntimeError):
        found["float32_matmul_precision"] = torch.get_float32_matmul_precision()
    return found


def recorded() -> dict[str, Any]:
    """Return what a result tells of the flags; of the newer interface only what is not as torch starts with."""
    found = flags()
    started = {f"{place}.fp32_precision": precision for place, precision in PRECISIONS.items()}
    return {
        **{name: found[name] for name in RECORDED},
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        **{name: found[name] for name, precision in started.items() if found[name] != precision},
    }


def _holder(place: str) -> Any:
    backend, _, operation = place.partition(".")
    return getattr(getattr(torch.backends, backend), operation)


def _set_exact() -> Undo:
    before = flags()
    cudnn: Any = torch.backends.cudnn
    legacy_cudnn = before.get("cudnn.allow_tf32") is not None
    legacy_matmul = before.get("float32_matmul_precision") is not None
    if legacy_cudnn:
        cudnn.allow_tf32 = False
    if legacy_matmul:
        torch.set_float32_matmul_precision("highest")
    for place in PRECISIONS:
        _holder(place).fp32_precision = "ieee"
    cudnn.deterministic, cudnn.benchmark = True, False

    def undo() -> None:
        if legacy_cudnn:
            cudnn.allow_tf32 = before["cudnn.allow_tf32"]
        if legacy_matmul:
            torch.set_float32_matmul_precision(before["float32_matmul_precision"])
        for place in PRECISIONS:
            _holder(place).fp32_precision = before[f"{place}.fp32_precision"]
        for name in CUDNN:
            setattr(cudnn, name, before[f"cudnn.{name}"])

    return undo


exact = Held(_set_exact)
"""Turns off TF32, bfloat16 products and the search for the fastest algorithm during a block; each flag is put back.

torch has two interfaces to the same precision and refuses to read the older one after the newer one was used to say
something that the older cannot. Such a state is left to the newer one.

The flags are the process's: a thread that computes something else meanwhile computes it in full precision.
"""
