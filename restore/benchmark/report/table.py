"""The table of a result as Markdown, as LaTeX, and its scores as CSV."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Mapping

from restore.benchmark.columns import NOT_AVAILABLE, Column
from restore.benchmark.outcome import Outcome, Row

_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_TEX_ARROWS = {"↑": r"$\uparrow$", "↓": r"$\downarrow$"}


def markdown(outcome: Outcome) -> str:
    """Return the table: a row for each data set and model, the best mean of a data set in bold."""
    header = ["data set", "method", *(f"{c.title} {c.arrow}" for c in outcome.columns), "s / image", "images"]
    lines = [_piped(header), _piped(["---", "---", *["---:"] * (len(header) - 2)])]
    for row in outcome.rows:
        scores = [_emphasised(outcome, row, metric, "**{}**") for metric in outcome.columns]
        lines.append(_piped([row.dataset, row.model, *scores, seconds(row), images(row)]))
    protocol = outcome.results["protocol"]
    lines += ["", f"Protocol `{protocol['id']}`, hash `{protocol['hash'][:12]}`; means of the images' scores."]
    lines += [f"- {_plain(note)}" for note in notes(outcome)]
    return "\n".join(lines) + "\n"


def latex(outcome: Outcome) -> str:
    """Return a ``tabular`` for a paper, for ``booktabs``: a row a model, a group of columns a data set."""
    metrics, datasets = outcome.columns, outcome.datasets
    width = len(metrics)
    groups = " & ".join(rf"\multicolumn{{{width}}}{{c}}{{{escaped(name)}}}" for name in datasets)
    rules = " ".join(
        rf"\cmidrule(lr){{{2 + i * width}-{1 + (i + 1) * width}}}" for i in range(len(datasets)) if width > 1
    )
    names = " & ".join(f"{escaped(m.label)} {_TEX_ARROWS[m.arrow]}" for _ in datasets for m in metrics)
    lines = [
        rf"% protocol {outcome.results['protocol']['id']}, hash {outcome.results['protocol']['hash'][:12]}",
        rf"\begin{{tabular}}{{l{'r' * (width * len(datasets))}}}",
        r"\toprule",
        rf" & {groups} \\",
        *([rules] if rules else []),
        rf"Method & {names} \\",
        r"\midrule",
    ]
    by_place = {(row.dataset, row.model): row for row in outcome.rows}
    for model in outcome.models:
        cells = [_tex_cell(outcome, by_place.get((name, model)), metric) for name in datasets for metric in metrics]
        lines.append(rf"{escaped(model)} & {' & '.join(cells)} \\")
    lines += [r"\bottomrule", r"\end{tabular}", *(f"% {note}" for note in notes(outcome))]
    return "\n".join(lines) + "\n"


def scores(outcome: Outcome) -> str:
    """Return one line for each image and model, with every digit; an empty cell is a score that is missing."""
    metrics = [metric.key for metric in outcome.columns]
    timing = {_place(entry): entry["seconds"] for entry in outcome.results.get("timing", ())}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "image", "model", "status", "seed", "width", "height", *metrics, "seconds", "error"])
    for score in outcome.results["scores"]:
        values = score.get("metrics", {})
        writer.writerow(
            [
                score["dataset"], score["image"], score["model"], score["status"], score.get("seed"),
                score.get("width"), score.get("height"), *(values.get(key) for key in metrics),
                timing.get(_place(score)), " ".join((score.get("error") or "").split()),
            ]
        )  # fmt: skip
    return text.getvalue()


def notes(outcome: Outcome) -> Iterator[str]:
    """Yield what a reader of the table must know: fewer images, precisions, who knew more, scores missing and why."""
    for dataset, taken in outcome.limited.items():
        yield f"{dataset}: {taken}"
    if len(set(outcome.precisions.values())) > 1:
        yield f"Precision: {outcome.precision_told}"
    yield from knowing(outcome)
    yield from fewer(outcome)
    why: dict[tuple[str, str], list[str]] = {}
    for row in outcome.rows:
        for metric in outcome.columns:
            if row.means.get(metric.key) is None and metric.key in row.reasons:
                reason = " ".join(row.reasons[metric.key].split())
                why.setdefault((metric.label, reason), []).append(row.dataset)
    for (label, reason), datasets in why.items():
        yield f"{label} {NOT_AVAILABLE} on {', '.join(dict.fromkeys(datasets))}: {reason}"


def knowing(outcome: Outcome) -> Iterator[str]:
    """Yield a line where models were told what was done to each image, which those beside them had to do without."""
    told = outcome.non_blind
    if told:
        does = "knows" if len(told) == 1 else "know"
        yield f"{' and '.join(told)} {does} the degradation of each image, but not its noise (non-blind restoration)"


def fewer(outcome: Outcome) -> Iterator[str]:
    """Yield a line for each row whose means are over fewer images than those of the rest."""
    for row in outcome.rows:
        if row.failed:
            means = f"its means are over the other {row.n} and cannot be compared with those of the rest"
            first = _first_failure(outcome, row)
            yield (
                f"{row.model} failed on {_count(row.failed, 'image')} of {row.dataset}; "
                f"{means if row.n else 'it has no means'}. {first}".rstrip()
            )


def seconds(row: Row) -> str:
    """Return the median time of an image with three digits that count."""
    return NOT_AVAILABLE if row.seconds is None else f"{row.seconds:.3g}"


def images(row: Row) -> str:
    """Return how many images were measured, and how many were not."""
    return f"{row.n} ({row.failed} failed)" if row.failed else str(row.n)


def escaped(text: str) -> str:
    """Return a text as LaTeX prints it."""
    return "".join(_TEX.get(letter, letter) for letter in text)


def _tex_cell(outcome: Outcome, row: Row | None, metric: Column) -> str:
    if row is None:
        return "--"
    return _emphasised(outcome, row, metric, r"\textbf{{{}}}").replace("inf", r"$\infty$")


def _emphasised(outcome: Outcome, row: Row, metric: Column, bold: str) -> str:
    text = metric.text(row.means.get(metric.key))
    return bold.format(text) if row.model in outcome.best(row.dataset, metric) else text


def _piped(cells: list[str]) -> str:
    return "| " + " | ".join(_plain(cell).replace("|", r"\|").replace("\n", " ") for cell in cells) + " |"


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is: a name must not become a tag."""
    return html.escape(text, quote=False)


def _place(entry: Mapping[str, object]) -> tuple[object, object, object]:
    return entry["dataset"], entry["model"], entry["image"]


def _first_failure(outcome: Outcome, row: Row) -> str:
    failures = outcome.failures(row.dataset, row.model)
    if not failures:
        return ""
    image, why = failures[0]
    return f"{'It was' if len(failures) == 1 else 'The first was'} {image}: {' '.join(why.split())}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
