"""What could be wrong with an installation and its machine: a list of checks, each with a cure."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import restore
from restore import published, weights
from restore.cli.console import human_size
from restore.discovery import DISTRIBUTION, SWITCHES, unmatched
from restore.errors import WeightsError
from restore.registry import registry

Verdict = Literal["ok", "note", "problem"]

OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding. A ``note`` is worth knowing, a ``problem`` keeps something from working."""

    subject: str
    verdict: Verdict = "ok"
    finding: str
    cure: str = ""


def diagnose() -> Iterator[Check]:
    """Look at the interpreter, the libraries, the devices, the plugins and the weights."""
    system = f"{platform.system()} {platform.machine()}"
    yield Check(subject="restore", finding=f"{restore.__version__}, Python {platform.python_version()}, {system}")
    yield from _libraries()
    yield from _opencv()
    yield from _torch()
    yield from _plugins()
    yield from _weights()
    yield from _networks()
    yield from _store()
    yield from _curves()


def version(distribution: str) -> str | None:
    """Return the installed version of a distribution, without importing it; None if it is absent."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _libraries() -> Iterator[Check]:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield Check(
            subject="libraries",
            verdict="problem",
            finding=f"{DISTRIBUTION} is not installed, it only lies on the path",
            cure="pip install .  (plugins are found by the metadata that this writes)",
        )
        return
    found = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        names = OPENCV if requirement.name in OPENCV else (requirement.name,)
        installed = next((v for v in map(version, names) if v is not None), None)
        if installed is None:
            yield _lacking(requirement.name, "is not installed", str(requirement))
        elif not requirement.specifier.contains(installed, prereleases=True):
            yield _lacking(requirement.name, f"is {installed}, needed is {requirement.specifier}", str(requirement))
        else:
            found.append(f"{requirement.name} {installed}")
    yield Check(subject="libraries", finding=", ".join(found))


def _lacking(name: str, finding: str, requirement: str) -> Check:
    return Check(
        subject=name,
        verdict="problem",
        finding=f"{name} {finding}",
        cure=f"pip install --upgrade '{requirement}'",
    )


def _opencv() -> Iterator[Check]:
    installed = [name for name in OPENCV if version(name)]
    if len(installed) > 1:
        yield Check(
            subject="opencv",
            verdict="problem",
            finding=f"{' and '.join(installed)} are installed and overwrite each other's files",
            cure=f"pip uninstall {' '.join(installed)}, then pip install {installed[0]}",
        )


def _torch() -> Iterator[Check]:
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
    for index in range(torch.cuda.device_count()):
        gpu = torch.cuda.get_device_properties(index)
        half = "bfloat16" if gpu.major >= 8 else "no fast bfloat16"
        yield Check(subject=f"cuda:{index}", finding=f"{gpu.name}, {human_size(gpu.total_memory)}, {half}")
    if torch.backends.mps.is_available():
        yield Check(subject="mps", finding="Apple GPU")
    if shutil.which("nvidia-smi") and not torch.cuda.is_available():
        yield Check(
            subject="cuda",
            verdict="note",
            finding=f"an NVIDIA driver is here, but torch {torch.__version__} cannot use it",
            cure="install a CUDA build of torch that suits the driver",
        )


def _cpu_precision() -> str:
    import torch

    probes = {"AMX": "_is_amx_tile_supported", "AVX512-BF16": "_is_avx512_bf16_supported"}
    able = [name for name, probe in probes.items() if getattr(torch.cpu, probe, bool)()]
    return f"bfloat16 by {' and '.join(able)}" if able else "float32 (no AMX, no AVX512-BF16)"


def _plugins() -> Iterator[Check]:
    records = registry().plugins
    usable = [record.name for record in records if record.usable]
    if usable:
        yield Check(subject="plugins", finding=", ".join(usable))
    else:
        yield Check(
            subject="plugins",
            verdict="problem",
            finding="no plugin is loaded",
            cure=f"pip install --force-reinstall {DISTRIBUTION}; see RESTORE_PLUGINS",
        )
    for variable in SWITCHES:
        for word in unmatched(os.environ.get(variable, ""), records):
            yield Check(
                subject="plugins",
                verdict="note",
                finding=f"{variable} names {word!r}, and no installed plugin or distribution is called so",
                cure="restore plugin list shows the names",
            )
    for record in records:
        if record.status != "ok":
            verdict: Verdict = "problem" if record.status in ("broken", "incompatible") else "note"
            yield Check(subject="plugin", verdict=verdict, finding=record.problem, cure=record.cure)


def _weights() -> Iterator[Check]:
    good = []
    for component in registry().components:
        for spec in component.weights:
            name = weights.name_of(component, spec)
            try:
                weights.verify(weights.locate(component, spec), spec.sha256)
            except WeightsError as error:
                yield Check(subject="weights", verdict="problem", finding=error.message, cure=error.cure)
            else:
                good.append(name)
    if good:
        yield Check(subject="weights", finding=f"{', '.join(good)}: hashes right")


def _networks() -> Iterator[Check]:
    """Look at the networks of others: those in the store, and whether each component that sees with one has one."""
    good, wanting = [], {}
    for network, users in published.used(registry()).items():
        wanting.update({user.qualified: user for user in users})
        if network.state == "absent":
            continue
        try:
            network.read()
        except WeightsError as error:
            yield Check(subject="network", verdict="problem", finding=error.message, cure=error.cure)
        except ImportError:  # torch is told of above
            continue
        else:
            good.append(network.spec.name)
    if good:
        yield Check(subject="network", finding=f"{', '.join(good)}: digests right")
    for user in wanting.values():
        networks = [published.Network(spec) for spec in user.spec.networks]
        if all(network.state == "absent" for network in networks):
            yield Check(
                subject="network",
                verdict="note",
                finding=f"{user.spec.kind} {user.spec.name} cannot be used: {networks[0].spec.name} is absent",
                cure=f"restore weights fetch {networks[0].spec.name}",
            )


def _store() -> Iterator[Check]:
    folder = weights.store()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        if not existing.is_dir():
            raise NotADirectoryError(20, "is a file", str(existing))
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        yield Check(
            subject="store",
            verdict="problem",
            finding=f"{folder} cannot be written: {error.strerror}",
            cure="set RESTORE_HOME to a folder of yours",
        )
    else:
        yield Check(subject="store", finding=f"{_short(folder)}, writable")


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _curves() -> Iterator[Check]:
    installed = version("tensorboard")
    if installed is None:
        yield Check(
            subject="tensorboard",
            verdict="note",
            finding="absent: training writes no curves but log.jsonl",
            cure=f"pip install '{DISTRIBUTION}[train]'",
        )
    else:
        yield Check(subject="tensorboard", finding=installed)


def environment() -> dict[str, str]:
    """Return the switches that are set, for a report of a bug."""
    names = (
        "RESTORE_HOME",
        "RESTORE_PLUGINS",
        "RESTORE_DISABLE_PLUGINS",
        "RESTORE_STRICT",
        "OMP_NUM_THREADS",
    )
    return {name: os.environ[name] for name in names if name in os.environ} | {"python": sys.executable}
