"""The code that a component runs, as a digest: where no revision tells of it, it may change under one version."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import restore
from restore.benchmark.provenance import git_commit
from restore.parts import Part
from restore.provenance import provenance
from restore.registry import Component, registry


def told(component: Component) -> dict[str, str]:
    """Return ``{"source": SHA-256}`` of a component's code; nothing where the revision of a result covers it.

    It is over the Python files of the packages that its distribution installed, or, where that is a link to a folder,
    of those that the plugin and its factory lie in.
    """
    found = python_files(_packages(component))
    if all(_is_covered(path) for path in found.values()):
        return {}
    return {"source": digest(found)}


def told_of_part(part: Part) -> dict[str, Any]:
    """Return what a result tells of a part, with the version of its code where a plugin offers it."""
    weights = None if part.sha256 is None else {"name": part.weights, "sha256": part.sha256}
    if part.kind == "network":
        return {"kind": part.kind, "name": part.name, "weights": weights}
    component = registry().find(part.kind, part.name)
    return {
        "kind": part.kind,
        "name": component.spec.name,
        "distribution": component.plugin.distribution,
        "version": component.plugin.version,
        **told(component),
        "weights": weights,
    }


def digest(found: Mapping[str, Path]) -> str:
    """Return SHA-256 over the names and contents of files, the same wherever they lie."""
    whole = hashlib.sha256()
    for name, path in sorted(found.items()):
        try:
            content = path.read_bytes()
        except OSError:
            continue  # what cannot be read cannot be imported either
        whole.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def python_files(packages: Iterable[str]) -> dict[str, Path]:
    """Return the Python files of packages and modules at the top level by their place: ``package/module.py``."""
    found: dict[str, Path] = {}
    for name in packages:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            continue
        if spec is None:
            continue
        for folder in map(Path, spec.submodule_search_locations or ()):
            found |= {f"{name}/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*.py")}
        if spec.submodule_search_locations is None and spec.origin and spec.origin.endswith(".py"):
            found[f"{name}.py"] = Path(spec.origin)
    return found


def _packages(component: Component) -> set[str]:
    plugin = component.plugin
    modules = {component.spec.factory.partition(":")[0], plugin.module.partition(":")[0]}
    packages = {module.partition(".")[0] for module in modules if module}
    if provenance(plugin.distribution).origin == "editable":  # it has installed a link, and no package
        return packages
    try:
        listed = files(plugin.distribution) or []
    except PackageNotFoundError:
        listed = []
    return packages | {file.parts[0].removesuffix(".py") for file in listed if file.suffix == ".py"} - {"..", "/"}


def _is_covered(path: Path) -> bool:
    """Whether a file is one of those that ``environment.git_commit`` speaks of."""
    root = Path(restore.__file__).resolve().parents[1]
    below = path.resolve()
    return any(below.is_relative_to(root / part) for part in ("restore", "plugins")) and _is_checkout()


@functools.cache
def _is_checkout() -> bool:
    return git_commit() is not None
