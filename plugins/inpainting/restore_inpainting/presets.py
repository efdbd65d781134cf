"""Named settings of semantic inpainting: the papers', and ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from restore import inversion
from restore_inpainting.contextual import Reduction, Weighting

Name = Literal["ours", "paper-2017", "paper-2016"]
Start = Literal["random", "normal", "encoder"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What a search minimises, and how."""

    weighting: Weighting
    reduction: Reduction
    gain: float
    """Weight of the contextual loss; 2 where images are in [-1, 1] in the paper, whose differences are twice ours."""
    known_weight: float
    """Weight of a second contextual loss, in which all known pixels count alike."""
    prior_weight: float
    optimizer: inversion.Optimizer
    learning_rate: float | None
    """None: the optimiser's usual one."""
    schedule: inversion.Schedule
    steps: int
    restarts: int | None
    """None: one from an encoder, which random ones beside it do not improve upon; else eight."""
    start: Start | None
    """None: the prior's encoder, if it has one, else random."""
    patience: int | None
    """Steps without a gain after which a search ends; None: none does."""

    def searches(self, start: Start) -> int:
        """Return how many searches there are from a start."""
        if self.restarts is not None:
            return self.restarts
        return 1 if start == "encoder" else 8

    def terms(self, *, weighting: Weighting, window: int, known_weight: float, prior_weight: float) -> str:
        """Return the objective as text; without a weight of the prior loss no critic is asked."""
        terms = [f"{self.gain:g}*contextual:weighting={weighting},window={window},reduction={self.reduction}"]
        terms += [f"{known_weight:g}*contextual:weighting=none"] * bool(known_weight)
        terms += [f"{prior_weight:g}*adversarial"] * bool(prior_weight)
        return " + ".join(terms)


PRESETS: Mapping[Name, Preset] = {
    "ours": Preset(
        weighting="near", reduction="weights", gain=1, known_weight=0.5, prior_weight=0.01, optimizer="adam",
        learning_rate=None, schedule="cosine", steps=150, restarts=None, start=None, patience=100,
    ),
    "paper-2017": Preset(
        weighting="near", reduction="mean", gain=2, known_weight=0, prior_weight=0.003, optimizer="adam",
        learning_rate=0.01, schedule="constant", steps=1500, restarts=1, start="normal", patience=None,
    ),
    "paper-2016": Preset(
        weighting="none", reduction="sum", gain=2, known_weight=0, prior_weight=0.1, optimizer="nesterov",
        learning_rate=0.01, schedule="constant", steps=1000, restarts=1, start="normal", patience=None,
    ),
}  # fmt: skip
