"""What a recipe is to the loop. A recipe knows its networks, data and objectives, and nothing of the loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

Batch = Mapping[str, Tensor]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One network's turn in a step: adversarial training has two, discriminator and generator.

    Args:
        name: for the log, ``generator``.
        network: what is optimised; other networks stay as they are.
        optimizer: holds the network's parameters; its ``lr`` is the initial learning rate.
        objective: from a batch to the scalar loss and the terms worth logging.
    """

    name: str
    network: nn.Module
    optimizer: Optimizer
    objective: Callable[[Batch], tuple[Tensor, Mapping[str, Tensor]]]


class Recipe(ABC):
    """A training run. Subclasses take their options as keyword arguments, ``seed`` and ``steps`` among them.

    The loop seeds torch with ``seed`` before ``build``; after that a recipe's randomness must be a function
    of the step alone, so that a resumed run sees what an uninterrupted one would have seen.
    """

    name: str
    """Name of the recipe, for the card."""
    model: str
    """Name of the model that the exported weights belong to."""
    model_options: Mapping[str, Any]
    """Factory options of that model, written into the weights."""
    steps: int
    seed: int
    ema: float = 0.0
    """Decay of the moving average of the weights, validated and exported in their place; 0: none."""
    clip: float | None = None
    """Largest norm of a gradient; None: as it comes."""

    @abstractmethod
    def load_data(self, folder: Path, progress: Progress) -> str:
        """Read the training set and return one line about it for the log and the card."""

    @abstractmethod
    def build(self) -> Sequence[Phase]:
        """Make the networks and optimisers; the last phase holds the network that is exported."""

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """Return the batch of a step, on the CPU: a pure function of the seed and the step."""

    @abstractmethod
    def learning_rate(self, step: int) -> float:
        """Return the factor on every optimiser's initial learning rate at a step."""

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Score the network on a folder of images; an empty mapping when the recipe has no score."""
        return {}
