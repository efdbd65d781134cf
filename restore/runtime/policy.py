"""Which device and which precision: chosen by what the machine can do and the model is proved in."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager

import torch

from restore.errors import DeviceError, UsageError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` is CUDA, else MPS, else the CPU.

    Raises:
        UsageError: there is no such name.
        DeviceError: this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device is called {name!r}", "use auto, cpu, cuda, cuda:1 or mps") from None
    try:
        torch.empty(0, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(f"there is no device {name!r} here: {reason}", "use --device auto or cpu") from error
    return device


def choose_precision(name: str, device: torch.device, proved: Collection[str]) -> str:
    """Return ``float32``, ``bfloat16`` or ``float16``.

    ``auto`` is bfloat16 where the model is proved in it and the device computes it faster, else float32.

    Raises:
        UsageError: an unknown precision.
        DeviceError: a precision that the device cannot compute.
    """
    if name == "auto":
        return "bfloat16" if "bfloat16" in proved and fast_bfloat16(device) else "float32"
    check_precision(name, device)
    return name


def check_precision(name: str, device: torch.device) -> None:
    """Raise UsageError for an unknown precision, DeviceError for one that the device cannot compute."""
    if name not in ("auto", *DTYPES):
        raise UsageError(f"there is no precision {name!r}", f"use auto, {', '.join(DTYPES)}")
    if name == "float16" and device.type == "cpu":
        raise DeviceError("the CPU computes float16 slowly or not at all", "use --precision bfloat16 or float32")


def fast_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16: AMX or AVX512-BF16, or CUDA from Ampere on."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which a network computes in that precision; a no-op for float32."""
    return torch.autocast(device.type, DTYPES[precision], enabled=precision != "float32")
