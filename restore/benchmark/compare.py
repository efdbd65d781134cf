"""Two results against each other, image by image."""

from __future__ import annotations

from dataclasses import dataclass

from restore.benchmark.columns import Column
from restore.benchmark.comparable import refuse_differences
from restore.benchmark.outcome import Outcome, Results
from restore.benchmark.statistics import Paired, paired
from restore.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A metric of a model of the first result against one of the second, on a data set.

    Args:
        images: that both have a score of, in order.
        a: scores of the first, by these images.
        b: scores of the second.
        found: first minus second.
        left_out: images that one of the two has no score of.
    """

    dataset: str
    model_a: str
    model_b: str
    metric: Column
    images: tuple[str, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]
    found: Paired
    left_out: int

    @property
    def means(self) -> tuple[float, float]:
        """Means of the compared images' scores, of the first result and of the second."""
        return sum(self.a) / len(self.a), sum(self.b) / len(self.b)


def compare(a: Results, b: Results, *, models: tuple[str, str] | None = None) -> list[Comparison]:
    """Compare two results of one protocol on the same data.

    Args:
        a: parsed ``results.json``.
        b: another.
        models: a model of each to compare. Without, those of one name are compared; where only baselines have
            that, also the one other model of either.

    Raises:
        InputError: one of them is no result of a benchmark.
        UsageError: they differ in protocol, degradation, a metric or data (the message names the fields), or have
            no models or no scores to compare.
    """
    first, second = Outcome(a), Outcome(b)
    refuse_differences(a, b)
    found = [
        comparison
        for model_a, model_b in _pairs(first, second, models)
        for dataset in first.datasets
        for metric in first.columns
        if (comparison := _comparison(first, second, dataset, (model_a, model_b), metric))
    ]
    if not found:
        raise UsageError(
            "the two results have no score in common", "look into both for failures, and for scores that are n/a"
        )
    return found


def _pairs(a: Outcome, b: Outcome, models: tuple[str, str] | None) -> list[tuple[str, str]]:
    if models is not None:
        for name, outcome, which in zip(models, (a, b), ("first", "second"), strict=True):
            if name not in outcome.models:
                raise UsageError(f"the {which} result has no model {name!r}", f"it has {', '.join(outcome.models)}")
        return [models]
    pairs = [(name, name) for name in a.models if name in b.models]
    own_a = [name for name in a.models if name not in a.baselines]
    own_b = [name for name in b.models if name not in b.baselines]
    if not set(own_a) & set(own_b) and len(own_a) == len(own_b) == 1:
        pairs.append((own_a[0], own_b[0]))
    if not pairs:
        raise UsageError(
            f"no model is in both: {', '.join(a.models)} and {', '.join(b.models)}",
            "name one of each: -a MODEL -b MODEL",
        )
    return pairs


def _comparison(a: Outcome, b: Outcome, dataset: str, models: tuple[str, str], metric: Column) -> Comparison | None:
    """Return the comparison, or None where no image has this score in both results."""
    scores_a, scores_b = a.scores(dataset, models[0], metric.key), b.scores(dataset, models[1], metric.key)
    images = [image for image in scores_a if image in scores_b]
    if not images:
        return None
    first, second = (tuple(scores[image] for image in images) for scores in (scores_a, scores_b))
    return Comparison(
        dataset=dataset,
        model_a=models[0],
        model_b=models[1],
        metric=metric,
        images=tuple(images),
        a=first,
        b=second,
        found=paired(first, second, higher_is_better=metric.higher_is_better),
        left_out=_count(a, dataset) - len(images),
    )


def _count(outcome: Outcome, dataset: str) -> int:
    return next(len(d["images"]) for d in outcome.results["datasets"] if d["name"] == dataset)
