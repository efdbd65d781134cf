"""The report of a result: a page, tables for a document and a paper, scores for a spreadsheet."""

from __future__ import annotations

from pathlib import Path

from restore.atomic import replacing
from restore.benchmark.outcome import Outcome, Results
from restore.benchmark.report import table
from restore.errors import InputError

__all__ = ["write"]


def write(results: Results, folder: Path) -> list[Path]:
    """Write ``table.md``, ``table.tex``, ``scores.csv`` and ``report.html``; each is renamed when it is complete.

    Args:
        results: what ``results.json`` holds, parsed.
        folder: of the result; the page shows images from its folder ``images`` where that is there.

    Returns:
        The paths of the files.

    Raises:
        InputError: no result of a benchmark, or a folder that cannot be written.
    """
    from restore.benchmark.report.page import page

    outcome = Outcome(results)
    texts = {
        "table.md": table.markdown(outcome),
        "table.tex": table.latex(outcome),
        "scores.csv": table.scores(outcome),
        "report.html": page(outcome, folder),
    }
    try:
        return [_written(folder / name, text) for name, text in texts.items()]
    except OSError as error:
        raise InputError(
            f"the report cannot be written into {folder}: {error.strerror or error}", "check the folder and the disk"
        ) from error


def _written(path: Path, text: str) -> Path:
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8", newline="\n")
    return path
