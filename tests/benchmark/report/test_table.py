"""Tables and scores."""

from __future__ import annotations

import copy
import csv
import io
import json
import statistics

import pytest

from restore.benchmark.columns import column, reading
from restore.benchmark.outcome import Outcome
from restore.benchmark.report import table
from restore.errors import InputError


@pytest.fixture
def results(made):
    return copy.deepcopy(made[1])


def row_of(results, dataset, model):
    return next(r for r in results["summary"] if (r["dataset"], r["model"]) == (dataset, model))


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_markdown_table(results):
    lines = table.markdown(Outcome(results)).splitlines()
    assert cells(lines[0]) == ["data set", "method", "PSNR (dB) ↑", "SSIM ↑", "LPIPS ↓", "s / image", "images"]
    body = [cells(line) for line in lines[2:8]]
    assert [(row[0], row[1], row[-1]) for row in body] == [
        *(("photos", model, "8") for model in ("bicubic", "lanczos", "sharpened")),
        *(("rockets", model, "3") for model in ("bicubic", "lanczos", "sharpened")),
    ]
    psnr = statistics.fmean(
        s["metrics"]["psnr"] for s in results["scores"] if (s["dataset"], s["model"]) == ("photos", "bicubic")
    )
    assert body[0][2] == f"{psnr:.2f}"
    assert f"hash `{results['protocol']['hash'][:12]}`" in lines[9]


def test_the_best_is_bold_in_the_direction_of_the_metric(results):
    for model, psnr, lpips in (("bicubic", 20.0, 0.5), ("lanczos", 25.0, 0.3), ("sharpened", 24.0, 0.2)):
        row_of(results, "photos", model)["metrics"] |= {"psnr": psnr, "lpips": lpips}
    body = [cells(line) for line in table.markdown(Outcome(results)).splitlines()[2:5]]
    assert [row[2] for row in body] == ["20.00", "**25.00**", "24.00"]
    assert [row[4] for row in body] == ["0.5000", "0.3000", "**0.2000**"]


def test_what_prints_alike_is_alike(results):
    row_of(results, "photos", "bicubic")["metrics"]["psnr"] = 25.0004
    row_of(results, "photos", "lanczos")["metrics"]["psnr"] = 25.0
    row_of(results, "photos", "sharpened")["metrics"]["psnr"] = 24.99
    outcome = Outcome(results)
    assert outcome.best("photos", outcome.columns[0]) == {"bicubic", "lanczos"}


def test_a_model_that_failed_on_an_image_cannot_win_and_the_table_says_why(results):
    row_of(results, "photos", "lanczos").update(n=7, failed=1)
    row_of(results, "photos", "lanczos")["metrics"]["psnr"] = 99.0
    failed = next(s for s in results["scores"] if (s["model"], s["dataset"]) == ("lanczos", "photos"))
    failed.update(status="failed", error="out of memory\n  use tiles")
    text = table.markdown(Outcome(results))
    assert "It was astronaut-0: out of memory use tiles" in text
    assert "| 99.00 |" in text
    assert "| 7 (1 failed) |" in text
    assert "lanczos failed on 1 image of photos" in text


def test_missing_and_infinite_scores(results):
    for row in results["summary"]:
        row["metrics"]["lpips"] = None
        row["reasons"]["lpips"] = "no weights:\n  restore weights fetch lpips-alex"
    row_of(results, "rockets", "bicubic")["metrics"]["psnr"] = "inf"
    text = table.markdown(Outcome(results))
    assert "| n/a |" in text
    assert "| **inf** |" in text
    assert "- LPIPS n/a on photos, rockets: no weights: restore weights fetch lpips-alex" in text
    assert text.count("lpips-alex") == 1
    assert r"\textbf{$\infty$}" in table.latex(Outcome(results))


def test_the_latex_table_has_a_cell_for_everything(results):
    results["models"][1]["name"] = "srresnet_v2&50%"
    for row in (*results["summary"], *results["scores"]):
        row["model"] = row["model"].replace("lanczos", "srresnet_v2&50%")
    lines = table.latex(Outcome(results)).splitlines()
    assert r"\begin{tabular}{lrrrrrr}" in lines
    assert r"\cmidrule(lr){2-4} \cmidrule(lr){5-7}" in lines
    body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert len(body) == 3
    assert all(line.replace(r"\&", "").count("&") == 6 and line.endswith(r"\\") for line in body)
    assert body[1].startswith(r"srresnet\_v2\&50\% & ")


def test_the_scores_hold_every_digit(results):
    results["scores"][0]["metrics"]["psnr"] = "inf"
    results["scores"][1].update(status="failed", error="out of memory,\n  use tiles")
    results["scores"][1]["metrics"] = {"psnr": None, "ssim": None, "lpips": None}
    rows = list(csv.DictReader(io.StringIO(table.scores(Outcome(results)))))
    assert len(rows) == len(results["scores"]) == 33
    assert float(rows[0]["psnr"]) == float("inf")
    assert (rows[1]["psnr"], rows[1]["status"], rows[1]["error"]) == ("", "failed", "out of memory, use tiles")
    for row, score in list(zip(rows, results["scores"], strict=True))[2:]:
        assert float(row["ssim"]) == score["metrics"]["ssim"]
        assert (row["dataset"], row["image"], row["model"]) == (score["dataset"], score["image"], score["model"])


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [(28.4312, False, "28.43"), (-0.001, True, "0.00"), (1.25, True, "+1.25"), (-1.256, True, "-1.26"),
     (None, False, "n/a"), (float("nan"), False, "n/a"), (float("inf"), False, "inf"), (float("inf"), True, "+inf")],
)  # fmt: skip
def test_how_a_score_is_written(value, signed, text):
    assert column("psnr", {"digits": 2}).text(value, signed=signed) == text


def test_a_metric_is_written_as_it_says(results):
    told = results["metrics"]["lpips"]
    told.update(label="Sharpness", unit="dB", digits=1, higher_is_better=True)
    row_of(results, "photos", "bicubic")["metrics"]["lpips"] = 7.25
    for row in (*results["summary"], *results["scores"]):
        row["metrics"]["lpips-hole"] = row["metrics"]["lpips"]
    text = table.markdown(Outcome(results))
    assert "| Sharpness (dB) ↑ | Sharpness hole (dB) ↑ |" in text.splitlines()[0]
    assert "| **7.2** | **7.2** |" in text


def test_a_metric_that_says_nothing_has_its_name_and_four_digits(results):
    del results["metrics"]
    head = table.markdown(Outcome(results)).splitlines()[0]
    assert "| psnr ↑ | ssim ↑ | lpips ↑ |" in head
    told = reading(object(), "sharp")
    assert told == {"label": "sharp", "unit": "", "digits": 4, "higher_is_better": True}
    assert column("restore-far:sharp", told).title == "restore-far:sharp"
    assert (column("x", told).text(1.0), reading(None, "restore-far:sharp")) == ("1.0000", told)


@pytest.mark.parametrize("digits", ["2", 2.0, -1, 99, True, None])
def test_digits_that_cannot_be_are_four(digits):
    class Odd:
        label = "Odd"

    Odd.digits = digits
    assert reading(Odd, "odd")["digits"] == 4


def test_what_is_no_result_is_refused(results):
    with pytest.raises(InputError, match="it has no protocol, datasets"):
        Outcome({"schema": 1})
    with pytest.raises(InputError, match="schema 2"):
        Outcome({**results, "schema": 2})


def test_a_name_cannot_become_a_tag_in_markdown(results):
    text = json.dumps(results).replace("rockets", "<img src=x>|a")
    page = table.markdown(Outcome(json.loads(text)))
    assert "<img" not in page
    assert r"| &lt;img src=x&gt;\|a |" in page
