"""A result as the report asks for it: scores by data set, model and image instead of flat rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from restore.benchmark.columns import Column, columns
from restore.errors import InputError

Results = Mapping[str, Any]
"""What ``results.json`` holds, parsed."""


def number(value: object) -> float | None:
    """Return a score of a result: JSON has no infinity, so that it is the text ``inf``. None stays None."""
    return None if value is None else float(str(value))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model on one data set.

    Args:
        n: images that were restored.
        failed: images without a result.
        means: by metric, over the restored images; None where one of them has no such score.
        reasons: by metric, why it is missing.
        peak_bytes: most memory taken at once, of the device where it has its own, else of the host.
    """

    dataset: str
    model: str
    n: int
    failed: int
    means: Mapping[str, float | None]
    reasons: Mapping[str, str]
    seconds: float | None
    iqr: float | None
    images_per_second: float | None
    megapixels_per_second: float | None
    peak_bytes: int | None


@dataclass(frozen=True)
class Outcome:
    """A parsed result. Raises InputError, on construction, for what is no result of a benchmark."""

    results: Results

    def __post_init__(self) -> None:
        wanted = ("protocol", "datasets", "models", "scores", "summary")
        missing = [key for key in wanted if key not in self.results]
        if missing:
            raise InputError(f"this is no result of a benchmark: it has no {', '.join(missing)}", "give a results.json")
        if self.results.get("schema") != 1:
            raise InputError(
                f"results of schema {self.results.get('schema')!r} cannot be read",
                "this version reads schema 1: run the benchmark again, or upgrade",
            )

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Names, baselines first."""
        return tuple(model["name"] for model in self.results["models"])

    @cached_property
    def baselines(self) -> tuple[str, ...]:
        """Names of the models that are there to be compared with."""
        return tuple(model["name"] for model in self.results["models"] if model.get("baseline"))

    @cached_property
    def non_blind(self) -> tuple[str, ...]:
        """Names of the models that were told the degradation of each image."""
        return tuple(model["name"] for model in self.results["models"] if model.get("non_blind"))

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """Names, in the protocol's order."""
        return tuple(dataset["name"] for dataset in self.results["datasets"])

    @cached_property
    def limited(self) -> dict[str, str]:
        """``2 of 100 images`` by data set, of those that a limit was given for."""
        counts = ((d["name"], len(d["images"]), d.get("total")) for d in self.results["datasets"])
        return {name: f"{taken} of {total} images" for name, taken, total in counts if total not in (None, taken)}

    @cached_property
    def precisions(self) -> dict[str, str]:
        """The precision of each model that tells it, by name."""
        return {m["name"]: str(m["precision"]) for m in self.results["models"] if m.get("precision")}

    @property
    def precision_told(self) -> str:
        """The precision of all models; where they differ, of each: ``bicubic in float32, net in bfloat16``."""
        if len(set(self.precisions.values())) < 2:
            return "".join(set(self.precisions.values()))
        return ", ".join(f"{name} in {precision}" for name, precision in self.precisions.items())

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The metrics, in the order in which they were measured."""
        keys: dict[str, None] = {}
        for row in (*self.results["summary"], *self.results["scores"]):
            keys.update(dict.fromkeys((*row.get("metrics", {}), *row.get("reasons", {}))))
        return columns(self.results.get("metrics", {}), keys)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The summary, one row a data set and model."""
        made = (self._row(dataset, model) for dataset in self.datasets for model in self.models)
        return tuple(row for row in made if row is not None)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], dict[str, Mapping[str, Any]]]:
        found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
        for score in self.results["scores"]:
            found.setdefault((score["dataset"], score["model"]), {})[score["image"]] = score
        return found

    def rows_of(self, dataset: str) -> tuple[Row, ...]:
        """Return the rows of a data set."""
        return tuple(row for row in self.rows if row.dataset == dataset)

    def scores(self, dataset: str, model: str, metric: str) -> dict[str, float]:
        """Return the scores by image; images that failed or have none are left out."""
        found = {
            image: number(score.get("metrics", {}).get(metric))
            for image, score in self._by_place.get((dataset, model), {}).items()
            if score.get("status") == "ok"
        }
        return {image: value for image, value in found.items() if value is not None}

    def failures(self, dataset: str, model: str) -> list[tuple[str, str]]:
        """Return ``(image, error)`` of the images that a model failed on."""
        rows = self._by_place.get((dataset, model), {}).items()
        return [(image, str(score.get("error"))) for image, score in rows if score.get("status") != "ok"]

    def common(self, dataset: str, models: Sequence[str], metric: str) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Yield ``(image, scores of the models)`` for the images that all of them have a score of."""
        columns = [self.scores(dataset, model, metric) for model in models]
        for image in columns[0]:
            if all(image in found for found in columns):
                yield image, tuple(found[image] for found in columns)

    def best(self, dataset: str, metric: Column) -> frozenset[str]:
        """Return the models with the best mean as it is printed; one that failed on an image cannot win."""
        rows = [row for row in self.rows_of(dataset) if not row.failed and row.means.get(metric.key) is not None]
        if len(rows) < 2:
            return frozenset()
        sign = 1 if metric.higher_is_better else -1
        means = {row.model: round(sign * (row.means[metric.key] or 0.0), metric.digits) for row in rows}
        return frozenset(model for model, mean in means.items() if mean == max(means.values()))

    def _row(self, dataset: str, model: str) -> Row | None:
        found = [r for r in self.results["summary"] if (r["dataset"], r["model"]) == (dataset, model)]
        if not found:
            return None
        row = found[0]
        return Row(
            dataset=dataset,
            model=model,
            n=row["n"],
            failed=row.get("failed", 0),
            means={key: number(value) for key, value in row["metrics"].items()},
            reasons=row.get("reasons", {}),
            seconds=row.get("seconds_median"),
            iqr=row.get("seconds_iqr"),
            images_per_second=row.get("images_per_second"),
            megapixels_per_second=row.get("megapixels_per_second"),
            peak_bytes=row.get("peak_device_bytes") or row.get("peak_host_bytes"),
        )
