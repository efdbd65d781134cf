"""Where a result was made: versions, device, flags and revision; whatever else could change a score."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import restore
from restore.benchmark.flags import recorded

LIBRARIES = (
    "numpy", "scipy", "pillow", "opencv-python", "scikit-image", "kornia", "tifffile", "safetensors", "lpips",
)  # fmt: skip
"""Distributions that baselines, metrics and decoders compute with."""


def environment(device: torch.device, precision: str) -> dict[str, Any]:
    """Return what a result tells of the machine; neither its name nor its user's is among it.

    Args:
        device: where the models run.
        precision: as it was asked for; each model's own is told with the model.
    """
    return {
        "restore": restore.__version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "device": str(device),
        "device_name": device_name(device),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "flags": recorded(),
        "versions": {name: found for name in LIBRARIES if (found := _version(name)) is not None},
    }


def device_name(device: torch.device) -> str:
    """Return what the device is called by its maker."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def git_commit() -> str | None:
    """Return the revision of the checkout that is running, ``+`` and a hash of the changes if files differ from it.

    None where the package was installed otherwise, a checkout of something else around it included.
    """
    source = Path(restore.__file__)
    folder = source.parent
    if _git(folder, "ls-files", "--error-unmatch", source.name) is None:
        return None
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    root, code = folder.parent, ("--", "restore", "plugins")
    if not _git(root, "status", "--porcelain", *code):
        return commit
    digest = hashlib.sha256((_git(root, "diff", "HEAD", *code) or "").encode())
    for name in (_git(root, "ls-files", "--others", "--exclude-standard", *code) or "").splitlines():
        digest.update(name.encode() + (root / name).read_bytes())
    return f"{commit}+{digest.hexdigest()[:8]}"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
