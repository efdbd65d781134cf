"""What a new plugin is called: its component, distribution, package and class, all from one name."""

from __future__ import annotations

import importlib.util
import keyword
import re
from dataclasses import dataclass

from restore.discovery import DISTRIBUTION, normalized
from restore.errors import UsageError

PREFIX = "restore-"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 60
"""Characters; the folder's name must fit any file system."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """The names of a new plugin.

    Args:
        name: of its component: ``soft-edges``.
        kind: ``model``, ``loss`` ...
    """

    name: str
    kind: str

    @property
    def distribution(self) -> str:
        """``restore-soft-edges``, what pip installs."""
        return PREFIX + self.name

    @property
    def package(self) -> str:
        """``restore_soft_edges``, what Python imports."""
        return self.distribution.replace("-", "_")

    @property
    def cls(self) -> str:
        """``SoftEdgesLoss``: the kind at its end keeps it apart from what its module imports; ``loss``: ``OwnLoss``."""
        words = self.name.split("-")
        words = words[:-1] if words[-1] == self.kind else words
        return "".join(word.capitalize() for word in [*(words or ["own"]), self.kind])


def named(text: str, kind: str) -> Naming:
    """Check a name and return all that follow from it; ``restore-`` before it may be left out.

    Raises:
        UsageError: characters that a name cannot have, a word of Python's, or a package that is there already.
    """
    name = text.removeprefix(PREFIX)
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        near = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:LONGEST].strip("-")
        hint = f", such as {near}" if NAME.fullmatch(near) else ""
        raise UsageError(
            f"a plugin cannot be called {text!r}",
            f"use lower case words of letters and digits, joined by hyphens, at most {LONGEST} characters{hint}",
        )
    if keyword.iskeyword(name) or keyword.iskeyword(name.capitalize()):
        raise UsageError(f"{name!r} is a word of Python's own", f"use another name, such as {name}-{kind}")
    naming = Naming(name=name, kind=kind)
    if normalized(naming.distribution) == DISTRIBUTION or importlib.util.find_spec(naming.package) is not None:
        raise UsageError(
            f"a package {naming.package} is installed already, or belongs to the toolkit",
            f"use another name, or pip uninstall {naming.distribution} if it is an old one of yours",
        )
    return naming
