"""What is checked: a component as it was registered, and fresh copies of what its factory makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from restore import weights as store
from restore.plugin import Spec
from restore.registry import Component


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

    def build(self) -> Any:
        """Return a fresh one with its default weights; a network that has none is filled at random, by seed 0.

        What is an ``nn.Module`` is in eval mode, in float32 on the CPU.
        """
        import torch
        from torch import nn

        trained = self.component.weights[0] if self.component.weights else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            made = self.component.build(**{**(trained.options if trained else {}), **self.options})
        if isinstance(made, nn.Module):
            if trained is not None:
                state, _ = store.read(store.locate(self.component, trained), trained.sha256)
                store.fill(made, state, store.name_of(self.component, trained))
            made.eval()
        return made
