"""``report.html``: one page with everything inside, for a screen, a phone and paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from restore.benchmark.columns import Column
from restore.benchmark.outcome import Outcome
from restore.benchmark.report import pictures, plots, provenance, table
from restore.benchmark.report.selection import choose, reference
from restore.benchmark.statistics import FEWEST, RESAMPLES, Paired, paired

MOST_FEATURES = 8


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing with what is written beside it."""

    title: str
    drawing: Markup
    lines: tuple[Mapping[str, str], ...] = ()


def page(outcome: Outcome, folder: Path) -> str:
    """Return the page; images come from the folder ``images`` of the result, and are left out where it is absent.

    Args:
        outcome: the result.
        folder: where its restored images lie.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("restore.benchmark.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["seconds"] = table.seconds
    own = Path(__file__).parent
    return environment.get_template("page.html.j2").render(
        style=Markup((own / "page.css").read_text("utf-8")),
        script=Markup((own / "slider.js").read_text("utf-8")),
        outcome=outcome,
        protocol=outcome.results["protocol"],
        counted=_counted(outcome),
        notes=list(table.notes(outcome)),
        distributions=list(_distributions(outcome)),
        comparisons=list(_comparisons(outcome)),
        fewest=FEWEST,
        resamples=f"{RESAMPLES:,}",
        planes=list(_planes(outcome)),
        trades=list(trades(outcome)),
        features=_features(outcome, folder),
        legend=pictures.legend(),
        origin=provenance.facts(outcome),
    )


def trades(outcome: Outcome) -> Iterator[str]:
    """Yield for each data set, where they are two, who is first in LPIPS and who in PSNR: what the page explains."""
    both = _psnr_and_perception(outcome)
    if both is None:
        return
    psnr, perception = both
    for dataset in outcome.datasets:
        scored = [
            (row.model, p, q)
            for row in outcome.rows_of(dataset)
            if not row.failed
            and (p := row.means.get(psnr.key)) is not None
            and (q := row.means.get(perception.key)) is not None
        ]
        if not scored:
            continue
        model, p, q = min(scored, key=lambda found: found[2])
        other, other_p, other_q = max(scored, key=lambda found: found[1])
        if other not in outcome.baselines and p < other_p and q < other_q:
            yield (
                f"On {dataset}, {model} has {psnr.text(p)} dB and {other} {psnr.text(other_p)} dB, while its "
                f"{perception.label} is {perception.text(q)} against {perception.text(other_q)}."
            )


def _counted(outcome: Outcome) -> str:
    sizes = [f"{len(d['images'])} of {d['name']}" for d in outcome.results["datasets"]]
    total = sum(len(d["images"]) for d in outcome.results["datasets"])
    noun = "image" if total == 1 else "images"
    return f"{total} {noun}" + (f" ({', '.join(sizes)})" if len(sizes) > 1 else f" of {outcome.datasets[0]}")


def _distributions(outcome: Outcome) -> Iterator[Chart]:
    for metric in outcome.columns:
        rows = [
            plots.Strip(model, dataset, number, found)
            for dataset in outcome.datasets
            for number, model in enumerate(outcome.models)
            if (found := outcome.scores(dataset, model, metric.key))
        ]
        if rows:
            title = f"{metric.title} of each image"
            yield Chart(title=title, drawing=plots.distributions(rows, metric, title))


def _comparisons(outcome: Outcome) -> Iterator[tuple[str, list[Chart]]]:
    """Yield each model that others are compared with: the baseline, and the first method beside it."""
    base = reference(outcome)
    if base is None:
        return
    methods = [model for model in outcome.models if model != base]
    for against, others in ((base, methods), (methods[0], methods[1:])):
        charts = [chart for metric in outcome.columns if (chart := _differences(outcome, against, others, metric))]
        if charts:
            yield against, charts


def _differences(outcome: Outcome, against: str, others: Sequence[str], metric: Column) -> Chart | None:
    rows: list[plots.Gap] = []
    for dataset in outcome.datasets:
        for model in others:
            pairs = list(outcome.common(dataset, (model, against), metric.key))
            if pairs:
                found = paired(
                    [a for _, (a, _) in pairs], [b for _, (_, b) in pairs], higher_is_better=metric.higher_is_better
                )
                images = tuple(image for image, _ in pairs)
                rows.append(plots.Gap(model, dataset, outcome.models.index(model), found, images))
    if not rows:
        return None
    title = metric.title
    lines = tuple({"model": r.model, "dataset": r.dataset, **told(r.found, metric)} for r in rows)
    return Chart(
        title=title, drawing=plots.differences(rows, metric, f"{title}: difference from {against}"), lines=lines
    )


def told(found: Paired, metric: Column) -> dict[str, str]:
    """Return a paired comparison as text, with one digit more than the metric's scores have."""
    fine = metric.with_digits(metric.digits + 1)
    interval = found.interval
    ends = (fine.text(end, signed=True) for end in (interval.low, interval.mean, interval.high))
    low, mean, high = (end.replace("-", "\N{MINUS SIGN}") for end in ends)
    return {
        "mean": mean,
        "interval": f"{low} … {high}",
        "wins": f"{found.gains} : {found.losses}",
        "verdict": found.verdict,
        "left_out": str(found.left_out or ""),
    }


def _psnr_and_perception(outcome: Outcome) -> tuple[Column, Column] | None:
    psnr = [metric for metric in outcome.columns if metric.key == "psnr"]
    perception = [metric for metric in outcome.columns if not metric.higher_is_better]
    return (psnr[0], perception[0]) if psnr and perception else None


def _planes(outcome: Outcome) -> Iterator[Chart]:
    both = _psnr_and_perception(outcome)
    if both is None:
        return
    for dataset in outcome.datasets:
        points = {
            row.model: (outcome.models.index(row.model), p, q)
            for row in outcome.rows_of(dataset)
            if (p := row.means.get(both[0].key)) is not None
            and (q := row.means.get(both[1].key)) is not None
            and math.isfinite(p)
        }
        if len(points) > 1:
            title = f"{both[0].label} against {both[1].label} on {dataset}"
            yield Chart(title=title, drawing=plots.plane(points, *both, title))


def _features(outcome: Outcome, folder: Path) -> list[pictures.Feature]:
    """Return the images to show; few enough for a page of some megabytes, each data set in its turn."""
    if not outcome.columns:
        return []
    choices = choose(outcome, outcome.columns[0])
    found = (pictures.feature(outcome, choice, folder) for choice in choices[:MOST_FEATURES])
    return [feature for feature in found if feature is not None]
