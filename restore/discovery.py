"""Discovery of plugins and quarantine of the broken ones.

Every distribution is read, and every plugin loaded, called and validated, in a try of its own: whatever one
does wrong, be it ``sys.exit`` at import, costs only itself and is told in its record.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, Literal

import pluggy

import restore
from restore.errors import PluginError
from restore.plugin import HOOKS, Hooks, Spec

GROUP = "restore.v1"
GROUPS = re.compile(r"restore\.v\d+")
DISTRIBUTION = "restore-toolkit"
UNNAMED = "unknown"
SWITCHES = ("RESTORE_PLUGINS", "RESTORE_DISABLE_PLUGINS")
HEAVY = ("torch", "torchvision", "kornia", "cv2", "skimage", "lpips", "scipy", "numpy")
SLOW_MS = 500.0

Status = Literal["ok", "broken", "incompatible", "disabled", "slow"]


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """What became of one entry point at discovery."""

    name: str
    distribution: str
    version: str
    module: str
    status: Status = "ok"
    error: str = ""
    """One line: what is wrong."""
    load_ms: float = 0.0
    heavy_imports: tuple[str, ...] = ()
    """Heavy libraries that its registration was the first to import, against the rules."""
    cause: BaseException | None = field(default=None, repr=False, compare=False)
    """What it raised."""

    @property
    def detail(self) -> str:
        """The traceback of what it raised, where there is one."""
        return "".join(traceback.format_exception(self.cause)) if self.cause is not None else ""

    @property
    def usable(self) -> bool:
        """Whether its components are offered."""
        return self.status in ("ok", "slow")

    @property
    def label(self) -> str:
        """``plugin dncnn of restore-dncnn 1.0``."""
        return f"plugin {self.name} of {self.distribution} {self.version}".rstrip()

    @property
    def problem(self) -> str:
        """One line on what is wrong with it, empty when nothing is."""
        if self.status == "ok":
            return ""
        return f"{self.label} is {self.status}" + (f": {self.error}" if self.error else "")

    @property
    def cure(self) -> str:
        """What a user can do about its status."""
        own = self.distribution
        if self.status == "broken":
            return f"pip install --upgrade {own}, or pip uninstall {own}; RESTORE_STRICT=1 shows the traceback"
        if self.status == "incompatible":
            return f"pip install --upgrade {own} {DISTRIBUTION}"
        if self.status == "disabled":
            return f"see {', '.join(SWITCHES)} and --no-plugins"
        if self.status == "slow":
            what = ", ".join(self.heavy_imports) or "what is slow"
            return f"tell the authors of {own}: import {what} in the factory's module, not at registration"
        return ""


def normalized(distribution: str) -> str:
    """Return the one spelling of a distribution's name: ``Restore_X`` and ``restore.x`` are ``restore-x``."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


_one_at_a_time = threading.RLock()
_under_way = threading.local()


def load_all() -> list[tuple[PluginRecord, list[Spec]]]:
    """Load every installed plugin, each in its own try; sorted by distribution and name.

    Raises:
        PluginError: a plugin is broken or incompatible and ``RESTORE_STRICT=1``; or a plugin asked for the
            registry while it was being registered.
    """
    with _one_at_a_time:  # standard output is redirected meanwhile
        if getattr(_under_way, "value", False):
            raise PluginError(
                "the registry was asked for while plugins register",
                "ask for it in the factory, not at module level of the registration module",
            )
        _under_way.value = True
        try:
            loaded = [_load(found) for found in _found()]
        finally:
            _under_way.value = False
    return sorted(loaded, key=lambda pair: (normalized(pair[0].distribution), pair[0].name, pair[0].module))


@dataclass(frozen=True)
class _Found:
    """An entry point of a distribution, or the reason why there is none."""

    record: PluginRecord
    point: EntryPoint | None
    requires: tuple[str, ...] = ()
    failure: Exception | None = None


def _found() -> Iterator[_Found]:
    """Read the entry points of every distribution, the first on the path if there are two of one name.

    ``importlib.metadata.entry_points()`` is not used because one malformed file makes it fail for all.
    """
    seen: set[str] = set()
    for distribution in distributions():
        own = {(found.record.name, found.record.module): found for found in _of_distribution(distribution)}
        names = {_identity(found.record) for found in own.values()}
        if not names & seen:
            seen |= names
            yield from own.values()


def _identity(record: PluginRecord) -> str:
    """Return what two installations of one distribution have in common; a nameless one is its own."""
    if record.distribution == UNNAMED:
        return f"{UNNAMED} {record.name}={record.module}"
    return normalized(record.distribution)


def _of_distribution(distribution: Distribution) -> Iterator[_Found]:
    name = version = UNNAMED
    try:
        # Most distributions have nothing for us: do not parse their metadata.
        if "restore.v" not in (distribution.read_text("entry_points.txt") or ""):
            return
        metadata = distribution.metadata
        name, version = metadata["Name"] or UNNAMED, metadata["Version"] or ""
        points = [p for p in distribution.entry_points if GROUPS.fullmatch(p.group)]
        requires = tuple(distribution.requires or ())
    except Exception as error:  # noqa: BLE001 - whatever a damaged distribution raises
        record = PluginRecord(name="?", distribution=name, version=version, module="entry_points.txt")
        yield _Found(record, None, failure=error)
        return
    current = {point.name for point in points if point.group == GROUP}
    for point in points:
        if point.group == GROUP or point.name not in current:
            record = PluginRecord(name=point.name, distribution=name, version=version, module=point.value)
            yield _Found(record, point, requires)


def _load(found: _Found) -> tuple[PluginRecord, list[Spec]]:
    if _disabled(found.record):
        return replace(found.record, status="disabled"), []
    if found.point is None:
        return _broken(found.record, found.failure or ValueError("unreadable")), []
    try:
        conflict = _conflict(found.record, found.point, found.requires)
    except Exception as error:  # noqa: BLE001 - whatever a malformed requirement raises
        conflict = f"its requirements cannot be read: {_one_line(error)}"
    if conflict:
        record = replace(found.record, status="incompatible", error=conflict)
        if _strict():
            raise PluginError(record.problem, record.cure)
        return record, []
    absent = [name for name in HEAVY if name not in sys.modules]
    start = time.perf_counter()
    try:
        # What a plugin prints must not end up in front of our JSON.
        with contextlib.redirect_stdout(sys.stderr):
            specs = list(specs_of(found.record, found.point))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - sys.exit() and panics of compiled extensions are no Exception
        return _broken(found.record, error), []
    load_ms = (time.perf_counter() - start) * 1e3
    heavy = tuple(name for name in absent if name in sys.modules)
    if not heavy and load_ms < SLOW_MS:
        return replace(found.record, load_ms=load_ms), specs
    reason = f"imports {', '.join(heavy)} at registration" if heavy else "takes long to register"
    reason += f" ({load_ms:.0f} ms)"
    return replace(found.record, status="slow", error=reason, load_ms=load_ms, heavy_imports=heavy), specs


def _broken(record: PluginRecord, error: BaseException) -> PluginRecord:
    broken = replace(record, status="broken", error=_one_line(error), cause=error)
    if _strict():
        raise PluginError(broken.problem, f"pip uninstall {broken.distribution}") from error
    return broken


def _one_line(error: BaseException) -> str:
    """Return the type and message of an exception, whatever its message holds."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a plugin's own exception class may fail to print
        text = ""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return f"{type(error).__name__}: {text}".rstrip(": ")


def _strict() -> bool:
    return os.environ.get("RESTORE_STRICT") == "1"


def _disabled(record: PluginRecord) -> bool:
    names = _names(record)
    allowed = os.environ.get("RESTORE_PLUGINS")
    if allowed is not None and not names & _words(allowed):
        return True
    return bool(names & _words(os.environ.get("RESTORE_DISABLE_PLUGINS", "")))


def unmatched(switch: str, records: Iterable[PluginRecord]) -> list[str]:
    """Return the words of a switch's value that mean none of the plugins: misspelt, or not installed."""
    known = {name for record in records for name in _names(record)}
    words = dict.fromkeys(word.strip() for word in switch.split(",") if word.strip())
    return [word for word in words if not {word, normalized(word)} & known]


def _names(record: PluginRecord) -> set[str]:
    return {record.name, normalized(record.distribution)}


def _words(text: str) -> set[str]:
    words = {word.strip() for word in text.split(",") if word.strip()}
    return words | {normalized(word) for word in words}


def _conflict(record: PluginRecord, point: EntryPoint, requires: Iterable[str]) -> str:
    """Say why this version of the toolkit does not suit the plugin, without importing it."""
    if point.group != GROUP:
        return f"it is made for the plugin interface {point.group}, this toolkit speaks {GROUP}"
    if normalized(record.distribution) == DISTRIBUTION:
        return ""
    for line in requires:
        if normalized(re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0]) != DISTRIBUTION:
            continue
        from packaging.requirements import Requirement

        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(restore.__version__, prereleases=True):
            return f"it needs {DISTRIBUTION} {requirement.specifier}, {restore.__version__} is installed"
    return ""


def specs_of(record: PluginRecord, point: EntryPoint) -> Iterator[Spec]:
    """Load one plugin and yield its descriptors, validated. Whatever it does wrong is raised here."""
    plugin = point.load()
    if isinstance(plugin, type):
        raise TypeError(f"the entry point names a class, {plugin.__qualname__}; name a module or an instance")
    manager = pluggy.PluginManager("restore")
    manager.add_hookspecs(Hooks)
    manager.register(plugin, name=f"{record.distribution}:{record.name}")
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        raise TypeError(f"{point.value} has no hook; mark one, such as restore_models, with @hookimpl")
    for caller in callers:
        for implementation in caller.get_hookimpls():
            if caller.name in HOOKS:
                yield from _validated(caller.name, implementation.function())
            elif not implementation.optionalhook:
                near = difflib.get_close_matches(caller.name, HOOKS, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise AttributeError(f"no hook is called {caller.name!r}{hint}")


def _validated(hook: str, result: Any) -> Iterator[Spec]:
    wanted = HOOKS[hook]
    if not isinstance(result, Iterable) or isinstance(result, str | bytes):
        raise TypeError(f"{hook} must return a list of {wanted.__name__}, not {type(result).__name__}")
    seen: set[str] = set()
    for spec in result:
        if not isinstance(spec, wanted):
            raise TypeError(f"{hook} must return {wanted.__name__} objects, not {type(spec).__name__}")
        if spec.name in seen:
            raise ValueError(f"{hook} offers {spec.name!r} twice")
        seen.add(spec.name)
        yield spec
