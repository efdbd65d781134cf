"""What a component is made of."""

from __future__ import annotations

from restore.testing.check import CheckFailed, check
from restore.testing.subject import Subject


@check("its factory can be imported and called; a protocol's file can be read")
def factory_resolves(subject: Subject) -> None:
    """Import the factory, or read the file."""
    component = subject.component
    if component.spec.factory:
        component.factory()
        return
    from restore.benchmark.protocols import of
    from restore.errors import PluginError

    try:
        of(component)
    except PluginError as error:
        raise CheckFailed(
            "the protocol's file lies in the package and can be read", error.message, error.cure
        ) from error
