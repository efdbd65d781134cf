"""Where an installed distribution comes from: an index, an archive, a repository or a folder (PEP 610)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any, Literal

Origin = Literal["index", "editable", "directory", "git", "archive", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What the installer wrote down of a distribution."""

    distribution: str
    version: str
    origin: Origin
    url: str = ""
    """Where it was installed from, if not from an index."""
    commit: str = ""
    """The revision, where the origin is a repository."""
    location: str = ""
    """The folder that holds it."""
    licence: str = ""

    def __str__(self) -> str:
        """One line: ``git https://host/repository @ 1a2b3c4``."""
        words = [self.origin, self.url]
        if self.commit:
            words += ["@", self.commit[:12]]
        return " ".join(word for word in words if word)


def provenance(distribution: str) -> Provenance:
    """Return where a distribution comes from, as far as its metadata tell; ``unknown`` is an answer too."""
    try:
        found = Distribution.from_name(distribution)
        metadata: Any = found.metadata
        origin, url, commit = _direct_url(found.read_text("direct_url.json"))
    except (PackageNotFoundError, ValueError, OSError):
        return Provenance(distribution=distribution, version="", origin="unknown")
    licence = metadata.get("License-Expression") or metadata.get("License") or ""
    return Provenance(
        distribution=distribution,
        version=metadata.get("Version") or "",
        origin=origin,
        url=url,
        commit=commit,
        location=str(Path(str(found.locate_file(""))).absolute()),
        licence=(licence.splitlines() or [""])[0],
    )


def _direct_url(text: str | None) -> tuple[Origin, str, str]:
    """Read PEP 610's record; an installation from an index leaves none."""
    if text is None:
        return "index", "", ""
    try:
        record = json.loads(text)
        url = str(record["url"])
        if "dir_info" in record:
            return ("editable" if record["dir_info"].get("editable") else "directory"), url, ""
        if "vcs_info" in record:
            return "git", url, str(record["vcs_info"].get("commit_id", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "unknown", "", ""
    return "archive", url, ""
