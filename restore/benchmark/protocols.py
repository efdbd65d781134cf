"""Protocols by name: written in TOML, or made by a plugin's callable."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from restore import weights
from restore.benchmark.protocol import Protocol
from restore.errors import PluginError, UsageError
from restore.registry import Component, registry

KEYS: Mapping[str, Mapping[str, str]] = {
    "": {name: name for name in ("id", "summary", "task", "datasets", "baselines")},
    "image": {"mode": "image"},
    "degradation": {
        "spec": "degradation", "scale": "scale", "rounding": "degraded_rounding", "seed": "seed",
    },
    "measure": {name: name for name in ("color", "crop_border", "rounding", "metrics", "regions", "pooling")},
    "ssim": {name: f"ssim_{name}" for name in ("window", "sigma", "k1", "k2")},
    "lpips": {"version": "lpips_version"},
}  # fmt: skip
"""Table of a TOML file -> its keys -> fields of the Protocol."""


def find_protocol(name: str) -> Protocol:
    """Return the protocol of that name.

    Args:
        name: short, or ``distribution:name``, of what the plugins offer; or a path that ends in ``.toml``.

    Raises:
        UnknownNameError: no plugin offers it; near names are told.
        PluginError: its plugin is broken, or two plugins offer the name.
        UsageError: a file that cannot be read, or is no protocol.
    """
    if name.endswith(".toml"):
        return read(Path(name))
    return of(registry().find("protocol", name))


def of(component: Component) -> Protocol:
    """Return the protocol that a plugin offers. Raises PluginError, chained, when it is not in order."""
    owner = f"protocol {component.spec.name!r} of {component.plugin.distribution}"
    file: str = getattr(component.spec, "file", "")
    try:
        protocol = read(_resource(file, owner)) if file else component.build()
    except UsageError as error:
        raise PluginError(f"{owner} cannot be used: {error.message}", error.cure) from error
    if not isinstance(protocol, Protocol):
        raise PluginError(
            f"{owner} is no protocol: {component.spec.factory} returns {type(protocol).__name__}",
            "it returns a restore.benchmark.Protocol",
        )
    summary = component.spec.summary or protocol.summary
    return replace(protocol, id=component.spec.name, summary=summary, home=component.plugin.distribution)


def read(path: Path) -> Protocol:
    """Return the protocol that a TOML file writes down; its name is the file's unless ``id`` tells another.

    Raises:
        UsageError: the file cannot be read, is no TOML, has a key that no protocol has, or a value that
            does not fit.
    """
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML file: {error}", "docs/protocols.md shows one") from error
    given = {"id": path.stem, **dict(_fields(path, written))}
    try:
        return Protocol(**given)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.cure) from error


def _fields(path: Path, written: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the protocol; a key that is none is an error with the nearest that is one."""
    for key, value in written.items():
        if key in KEYS[""]:
            yield KEYS[""][key], value
        elif key in KEYS and key and isinstance(value, Mapping):
            for inner, one in value.items():
                if inner not in KEYS[key]:
                    raise _unknown(path, f"[{key}] has no key {inner!r}", inner, KEYS[key], key)
                yield KEYS[key][inner], one
        elif key in KEYS and key:
            raise UsageError(f"{path}: {key} is a table", f"write [{key}] on a line of its own, its keys below")
        else:
            raise _unknown(path, f"there is no key or table {key!r}", key, [*KEYS[""], *filter(None, KEYS)], "")


def _unknown(path: Path, what: str, key: str, known: Collection[str], table: str) -> UsageError:
    homes = [name for name, keys in KEYS.items() if key in keys and name not in ("", table)]
    near = difflib.get_close_matches(key, known, 1, cutoff=0.5)
    hint = f"it belongs below [{homes[0]}]; " if homes else f"did you mean {near[0]!r}? " if near else ""
    return UsageError(f"{path}: {what}", f"{hint}there are: {', '.join(known)}")


def _resource(location: str, owner: str) -> Path:
    path = weights.resource(location)
    if path is None or not path.is_file():
        raise PluginError(f"{owner} is missing: {location} is not installed", "reinstall the package")
    return path
