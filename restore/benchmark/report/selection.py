"""Which images the page shows: where methods help most, and where they help least."""

from __future__ import annotations

import math
from dataclasses import dataclass

from restore.benchmark.columns import Column
from restore.benchmark.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An image and the reason for which it was chosen."""

    dataset: str
    image: str
    reason: str


def reference(outcome: Outcome) -> str | None:
    """Return the model that others are compared with: the first baseline, else the first; None for a single one."""
    if len(outcome.models) < 2:
        return None
    return outcome.baselines[0] if outcome.baselines else outcome.models[0]


def choose(outcome: Outcome, metric: Column) -> list[Choice]:
    """Choose two images of each data set, by a rule, so that nobody picks the flattering ones.

    They are those with the largest and the smallest gain over the reference, the mean over the models; with a
    single model, those with the best and the worst score. Images that a model failed on are not chosen.
    """
    base = reference(outcome)
    models = [*([base] if base else []), *(m for m in outcome.models if m != base)]
    sign = 1 if metric.higher_is_better else -1
    found: list[Choice] = []
    for dataset in outcome.datasets:
        gains: dict[str, list[float]] = {}
        for image, (first, *others) in outcome.common(dataset, models, metric.key):
            gains[image] = [0.0 if score == first else score - first for score in others] if base else [first]
        ranked = sorted(gains, key=lambda image: sign * _mean(gains[image]), reverse=True)
        for image in dict.fromkeys((*ranked[:1], *ranked[-1:])):
            rank = image == ranked[0]
            reason = _gain(metric, gains[image], base, models, rank) if base else _score(metric, gains[image][0], rank)
            found.append(Choice(dataset=dataset, image=image, reason=reason))
    return found


def _gain(metric: Column, gains: list[float], base: str, models: list[str], best: bool) -> str:
    each = ", ".join(f"{model} {metric.text(gain, signed=True)}" for model, gain in zip(models[1:], gains, strict=True))
    return f"{'largest' if best else 'smallest'} gain in {metric.title} over {base} in the set: {each}"


def _score(metric: Column, score: float, best: bool) -> str:
    return f"{'best' if best else 'worst'} {metric.title} of the set: {metric.text(score)}"


def _mean(values: list[float]) -> float:
    """Return the mean, 0 where infinite gains and losses leave none."""
    mean = sum(values) / len(values)
    return 0.0 if math.isnan(mean) else mean
