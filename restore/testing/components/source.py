"""What a component is made of, and that it can be made."""

from __future__ import annotations

from restore.errors import DamagedWeightsError, PluginError, WeightsError
from restore.testing.check import CheckFailed, Inapplicable, check
from restore.testing.subject import Subject


@check("its factory can be imported and called; a protocol's file can be read")
def factory_resolves(subject: Subject) -> None:
    """Import the factory, or read the file."""
    component = subject.component
    if component.spec.factory:
        component.factory()
        return
    from restore.benchmark.protocols import of

    try:
        of(component)
    except PluginError as error:
        raise CheckFailed(
            "the protocol's file lies in the package and can be read", error.message, error.cure
        ) from error


@check("its factory makes it, and its default weights fill it")
def factory_builds(subject: Subject) -> None:
    """Build it. Where that fails, what needs a built component is not said again by every other check."""
    try:
        subject.factory()
    except PluginError as error:
        raise Inapplicable("its factory cannot be imported: factory-resolves says why") from error
    try:
        subject.build()
    except DamagedWeightsError:
        raise
    except WeightsError as error:
        raise Inapplicable(f"it needs weights that are not here: {error.message}; {error.cure}") from error
