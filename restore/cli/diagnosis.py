"""What could be wrong with an installation and its machine: a list of checks, each with a cure."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import restore
from restore import published, weights
from restore.cli import opencv_builds
from restore.cli.devices import devices
from restore.cli.finding import Check, Verdict
from restore.discovery import DISTRIBUTION, SWITCHES, unmatched
from restore.errors import WeightsError
from restore.registry import registry

EXTRAS = {
    "tensorboard": ("train", "training writes no curves but log.jsonl"),
    "accelerate": ("distributed", "several processes cannot train one network"),
    "lpips": ("lpips", "the metric lpips cannot be computed"),
    "spandrel": ("spandrel", "the model spandrel cannot be loaded"),
}
"""Distribution -> the extra that brings it, and what is not possible without."""


def diagnose() -> Iterator[Check]:
    """Look at the interpreter, the libraries, the devices, the plugins and the weights."""
    system = f"{platform.system()} {platform.machine()}"
    yield Check(subject="restore", finding=f"{restore.__version__}, Python {platform.python_version()}, {system}")
    yield from _libraries()
    yield from _opencv()
    yield from devices()
    yield from _plugins()
    yield from _names()
    yield from _weights()
    yield from _networks()
    yield from _store()
    yield from _extras()


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
        builds = opencv_builds.NAMES
        names = builds if requirement.name in builds else (requirement.name,)
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
    builds = opencv_builds.installed()
    if len(builds) > 1:
        yield Check(
            subject="opencv",
            verdict="problem",
            finding=f"{' and '.join(builds)} are installed and overwrite each other's files",
            cure=f"pip uninstall {' '.join(builds)}, then pip install {builds[0]}",
        )
    if builds:
        finding, cure = opencv_builds.trouble(builds[0])
        if finding:
            yield Check(subject="opencv", verdict="problem", finding=finding, cure=cure)


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


def _names() -> Iterator[Check]:
    found = registry()
    shared: dict[str, list[str]] = {}
    for component in found.components:
        if found.is_ambiguous(component):
            shared.setdefault(f"{component.spec.kind} {component.spec.name}", []).append(component.qualified)
    for name, owners in sorted(shared.items()):
        yield Check(
            subject="names",
            verdict="note",
            finding=f"{name} is offered by {' and '.join(sorted(owners))}",
            cure=f"say which one is meant: {sorted(owners)[0]}",
        )


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


def _extras() -> Iterator[Check]:
    found = {name: version(name) for name in EXTRAS}
    there = [f"{name} {installed}" for name, installed in sorted(found.items()) if installed]
    if there:
        yield Check(subject="extras", finding=", ".join(there))
    for name in [name for name, installed in found.items() if not installed]:
        extra, loss = EXTRAS[name]
        yield Check(
            subject="extras",
            verdict="note",
            finding=f"{name} is absent: {loss}",
            cure=f"pip install '{DISTRIBUTION}[{extra}]'",
        )


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
