"""What importing a plugin does."""

from __future__ import annotations

from restore.registry import registry
from restore.testing import probe
from restore.testing.check import CheckFailed, check, require
from restore.testing.subject import Subject


@check("discovery of its plugin imports nothing heavy and prints nothing")
def discovery_is_light(subject: Subject) -> None:
    """Import the registration module and call its hooks in a fresh process."""
    module = subject.component.plugin.module
    found = probe.registration(module)
    if found.error and not found.effects:
        raise CheckFailed(f"{module} registers in a process of its own", found.error, "mend it there")
    require(
        not found.heavy,
        expected=f"registration in {module} imports nothing heavy",
        found=f"it imports {', '.join(found.heavy)}",
        cure="import it in the module of the factory; the package's __init__.py is imported at registration too",
    )
    require(
        not found.printed,
        expected=f"registration in {module} prints nothing",
        found=f"it prints {found.printed[:200]!r}",
        cure="remove the print, or log it where the component is used",
    )


@check("importing it opens no connection, writes no file and starts no process")
def import_has_no_effects(subject: Subject) -> None:
    """Import the registration module, and in another process the factory's, with connections and writing refused."""
    cure = "do it when the component is built or called, and weights are declared in WeightsSpec, not downloaded"
    module = subject.component.plugin.module
    registered = probe.registration(module)
    require(
        not registered.effects,
        expected=f"registration in {module} does nothing to the world",
        found="; ".join(registered.effects),
        cure=cure,
    )
    # Importing torch takes seconds, so the factories of a distribution share one process.
    own = subject.component.plugin.distribution
    beside = [c for c in registry().components if c.plugin.distribution == own] or [subject.component]
    made = probe.factories(sorted({c.spec.factory.partition(":")[0] for c in beside if c.spec.factory}))
    require(
        not made.effects,
        expected=f"importing the modules of {own}'s factories does nothing to the world",
        found="; ".join(made.effects),
        cure=cure,
    )
