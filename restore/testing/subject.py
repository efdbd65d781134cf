"""What is checked: a component as it was registered, and fresh copies of what its factory makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from restore import options as component_options
from restore import weights as store
from restore.plugin import Spec
from restore.registry import Component
from restore.testing.check import Inapplicable

NEEDS = "it needs the option"
"""Beginning of the reason why a component could not be built."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A component under check.

    Args:
        component: from the registry.
        options: of its factory, beside those of its weights.
    """

    component: Component
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        """Its descriptor."""
        return self.component.spec

    @property
    def package(self) -> str:
        """The package of the plugin that offers it: what stands before the first dot."""
        return self.component.plugin.module.partition(":")[0].partition(".")[0].strip()

    def build(self) -> Any:
        """Return a fresh one with its default weights; a network that has none is filled at random, by seed 0.

        What is an ``nn.Module`` is in eval mode, in float32 on the CPU.

        Raises:
            Inapplicable: it has no factory, or needs an option that was not given.
            RestoreError: it cannot be built, or its weights do not fit.
        """
        import torch
        from torch import nn

        trained = self.component.weights[0] if self.component.weights else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            made = self.make()
        if isinstance(made, nn.Module):
            if trained is not None:
                state, _ = store.read(store.locate(self.component, trained), trained.sha256)
                store.fill(made, state, store.name_of(self.component, trained))
            made.eval()
        return made

    @cached_property
    def builds(self) -> bool:
        """Whether ``build`` gets through, tried once. One that was not given what it needs is not to blame."""
        try:
            self.build()
        except Inapplicable:
            return True
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - sys.exit() and panics of compiled extensions are no Exception
            return False
        return True

    def make(self) -> Any:
        """Return what the factory makes with the options of its default weights, and no more. Raises as ``build``."""
        trained = self.component.weights[0] if self.component.weights else None
        given = {**(trained.options if trained else {}), **self.options}
        known = component_options.signature(self.factory())
        absent = [name for name, p in known.items() if p.default is p.empty and name not in given]
        if absent:
            raise Inapplicable(f"{NEEDS} {absent[0]!r}: check {self.spec.name}:{absent[0]}=...")
        return self.component.build(**given)

    def factory(self) -> component_options.Factory:
        """Return its factory, imported. Raises Inapplicable where it has none, and PluginError."""
        if not self.spec.factory:
            raise Inapplicable("it is written in a file and has no factory")
        return self.component.factory()
