"""The files of a new plugin, and their way to the disk: all of them or none."""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

import restore
from restore.discovery import DISTRIBUTION
from restore.errors import InputError, UsageError
from restore.scaffold.naming import Naming

SUMMARIES: Mapping[str, str] = {
    "model": "Local Wiener filter",
    "degradation": "Darkening towards the corners",
    "loss": "Absolute difference of the gradients",
    "prior": "Smooth random textures",
    "metric": "Mean absolute error in levels",
}
"""What the example of each kind does."""
LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause")
"""SPDX identifiers; the first is the default."""


def contents(naming: Naming, licence: str) -> dict[str, str]:
    """Return the text of each file by its path in the package's folder.

    Args:
        naming: what everything is called.
        licence: one of LICENCES.
    """
    kind = naming.kind
    values = {
        "name": naming.name,
        "kind": kind,
        "distribution": naming.distribution,
        "package": naming.package,
        "cls": naming.cls,
        "summary": SUMMARIES[kind],
        "licence": licence,
        "requirement": _requirement(restore.__version__),
        "year": str(datetime.datetime.now(tz=datetime.UTC).year),
    }
    values["usage"] = _filled(f"templates/{kind}/usage.tmpl", values).rstrip()
    sources = {
        "pyproject.toml": "templates/common/pyproject.toml.tmpl",
        "README.md": "templates/common/README.md.tmpl",
        ".gitignore": "templates/common/gitignore.tmpl",
        "LICENSE": f"licences/{licence}.txt",
        f"{naming.package}/plugin.py": f"templates/{kind}/plugin.py.tmpl",
        f"{naming.package}/{kind}.py": f"templates/{kind}/{kind}.py.tmpl",
        "tests/test_conformance.py": "templates/common/test_conformance.py.tmpl",
        f"tests/test_{kind}.py": f"templates/{kind}/test_{kind}.py.tmpl",
    }
    return {f"{naming.package}/__init__.py": ""} | {path: _filled(name, values) for path, name in sources.items()}


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files into a new folder, which is there whole or not at all.

    Raises:
        UsageError: the folder, or something else of that name, exists.
        InputError: the disk refuses.
    """
    if os.path.lexists(folder):
        raise UsageError(f"{folder} exists already", "choose another folder with -o, or remove this one")
    half = folder.parent / f".restore-{os.getpid()}-{secrets.token_hex(6)}.tmp"
    try:
        for path, text in texts.items():
            target = half / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8", newline="\n")
        half.rename(folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}", "choose another folder with -o") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _requirement(version: str) -> str:
    """Return the toolkit as a dependency: this version or a newer one, until the next major one."""
    major, minor = version.split(".")[:2]
    return f"{DISTRIBUTION}>={major}.{minor},<{int(major) + 1}"


def _filled(name: str, values: Mapping[str, str]) -> str:
    return Template(files("restore.scaffold").joinpath(name).read_text("utf-8")).substitute(values)
