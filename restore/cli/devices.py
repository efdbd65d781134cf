"""What could be wrong with torch and the devices that it computes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from restore.cli.console import human_size
from restore.cli.finding import Check


def devices() -> Iterator[Check]:
    """Look at torch, the CPU and each GPU, and at the precisions that they compute."""
    try:
        import torch
    except Exception as error:  # noqa: BLE001 - a broken installation raises what it likes
        yield Check(
            subject="torch",
            verdict="problem",
            finding=f"torch cannot be imported: {(str(error).splitlines() or [''])[0]}",
            cure="pip install --force-reinstall torch",
        )
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = torch.get_num_threads()
    yield Check(subject="cpu", finding=f"{cores} cores, torch uses {threads} threads, {_cpu_precision()}")
    if threads < cores and "OMP_NUM_THREADS" not in os.environ:
        yield Check(
            subject="threads",
            verdict="note",
            finding=f"torch uses {threads} of {cores} cores",
            cure="OMP_NUM_THREADS sets how many",
        )
    yield from map(_gpu, range(torch.cuda.device_count()))
    if torch.backends.mps.is_available():
        yield Check(subject="mps", finding="Apple GPU, float32")
    if shutil.which("nvidia-smi") and not torch.cuda.is_available():
        yield Check(
            subject="cuda",
            verdict="note",
            finding=f"an NVIDIA driver is here, but torch {torch.__version__} cannot use it",
            cure="install a CUDA build of torch that suits the driver",
        )


def _gpu(index: int) -> Check:
    import torch

    device = f"cuda:{index}"
    gpu = torch.cuda.get_device_properties(index)
    try:
        torch.ones(2, device=device).sum().item()
    except (RuntimeError, AssertionError) as error:
        return Check(
            subject=device,
            verdict="problem",
            finding=f"{gpu.name} cannot compute: {(str(error).splitlines() or [''])[0]}",
            cure=f"install a build of torch for compute capability {gpu.major}.{gpu.minor}, or run with --device cpu",
        )
    half = "bfloat16 and float16" if gpu.major >= 8 else "float16, no fast bfloat16"
    return Check(subject=device, finding=f"{gpu.name}, {human_size(gpu.total_memory)}, {half}")


def _cpu_precision() -> str:
    import torch

    probes = {"AMX": "_is_amx_tile_supported", "AVX512-BF16": "_is_avx512_bf16_supported"}
    able = [name for name, probe in probes.items() if getattr(torch.cpu, probe, bool)()]
    return f"bfloat16 by {' and '.join(able)}" if able else "float32 (no AMX, no AVX512-BF16)"
