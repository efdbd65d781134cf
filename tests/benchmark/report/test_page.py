"""The page: what it says, and that it stands alone."""

from __future__ import annotations

import base64
import copy
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restore.benchmark import report
from restore.benchmark.outcome import Outcome
from restore.benchmark.report.crops import coloured, error
from restore.benchmark.report.page import page
from restore.benchmark.report.selection import choose
from restore.benchmark.statistics import paired
from restore.errors import InputError

VOID = {"meta", "link", "img", "br", "input", "hr"}


class Strict(HTMLParser):
    """Collects elements, and fails where a tag closes what is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def plain(text: str) -> str:
    """The text of a page, without drawings, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<(svg|style|script).*?</\1>", " ", text, flags=re.DOTALL)).split())


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB"))


@pytest.fixture
def results(made):
    return copy.deepcopy(made[1])


@pytest.fixture(scope="module")
def text(made):
    return page(Outcome(made[1]), made[0])


def test_all_files_are_written_and_nothing_else(results, tmp_path):
    written = report.write(results, tmp_path / "out")
    assert [path.name for path in written] == ["table.md", "table.tex", "scores.csv", "report.html"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in written)
    assert all(path.stat().st_size for path in written)


def test_the_same_result_gives_the_same_page(made, text):
    assert page(Outcome(json.loads(json.dumps(made[1]))), made[0]) == text


def test_nothing_is_fetched(text):
    found = Strict(text)
    addresses = [a.get("src") or a.get("href") for tag in ("img", "script", "link", "a", "use") for a in found.all(tag)]
    assert len(addresses) > 30
    assert all(a is None or a.startswith(("data:", "#")) for a in addresses)
    assert "url(" not in text
    assert "@import" not in text
    assert "http://" not in text
    assert "https://" not in text
    [policy] = [a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:")


def test_it_is_of_sensible_size(text):
    assert len(text) < 2_500_000


def test_every_picture_has_words(text):
    found = Strict(text)
    assert all(a.get("alt") for a in found.all("img"))
    assert all(a.get("aria-label") and a.get("role") == "img" for a in found.all("svg"))
    assert found.all("html")[0]["lang"] == "en"
    names = [a["id"] for _, a in found.elements if "id" in a]
    assert len(names) == len(set(names))
    assert {a["href"] for a in found.all("a")} <= {f"#{name}" for name in names}


def test_it_says_what_a_reader_needs(text, made):
    said = plain(text)
    results = made[1]
    for part in (
        "11 images (8 of photos, 3 of rockets)", results["protocol"]["hash"],
        "28.49 dB for SRResNet and 26.02 dB for SRGAN",
        results["datasets"][0]["hash"], results["environment"]["git_commit"], "A processor with two cores",
        "restore bench sr-x4 -m lanczos -m sharpened -o out", "border 4 pixels cropped",
        "torch 2.10.0, float32, 2026-01-02.",
    ):  # fmt: skip
        assert part in said
    here = [s for s in results["scores"] if (s["dataset"], s["model"]) == ("photos", "lanczos")]
    assert f"lanczos {np.mean([s['metrics']['psnr'] for s in here]):.2f}" in said


def test_the_trade_of_psnr_for_lpips_is_pointed_out(text, made):
    rows = {r["model"]: r["metrics"] for r in made[1]["summary"] if r["dataset"] == "photos"}
    assert rows["sharpened"]["psnr"] < rows["lanczos"]["psnr"]
    assert rows["sharpened"]["lpips"] < rows["lanczos"]["lpips"]
    told = f"On photos, sharpened has {rows['sharpened']['psnr']:.2f} dB and lanczos {rows['lanczos']['psnr']:.2f} dB"
    assert told in plain(text)
    assert (
        "bicubic"
        not in plain(text).partition("In this result")[2].partition("Paired differences")[0].partition("On")[2]
    )


def test_the_paired_differences_are_those_of_the_scores(text, made):
    scores = {(s["model"], s["image"]): s["metrics"]["psnr"] for s in made[1]["scores"] if s["dataset"] == "photos"}
    images = [image for model, image in scores if model == "bicubic"]
    found = paired(
        [scores["lanczos", i] for i in images], [scores["bicubic", i] for i in images], higher_is_better=True
    )
    interval = found.interval
    row = f"lanczos photos {interval.mean:+.3f} {interval.low:+.3f} … {interval.high:+.3f} 8 : 0 better"
    assert row in plain(text)
    dots = re.findall(r"<circle[^>]*><title>(astronaut-0): (\S+)</title>", text)
    difference = scores["lanczos", "astronaut-0"] - scores["bicubic", "astronaut-0"]
    assert ("astronaut-0", f"{difference:+.2f}") in dots


def test_images_are_chosen_by_the_largest_and_the_smallest_gain(made):
    choices = choose(Outcome(made[1]), Outcome(made[1]).columns[0])
    scores = {(s["model"], s["image"]): s["metrics"]["psnr"] for s in made[1]["scores"] if s["dataset"] == "photos"}
    images = [image for model, image in scores if model == "bicubic"]
    gains = {i: scores["lanczos", i] + scores["sharpened", i] - 2 * scores["bicubic", i] for i in images}
    assert [choice.image for choice in choices[:2]] == [max(gains, key=gains.get), min(gains, key=gains.get)]
    assert [choice.dataset for choice in choices] == ["photos", "photos", "rockets", "rockets"]
    best = choices[0].image
    assert choices[0].reason == (
        f"largest gain in PSNR (dB) over bicubic in the set: "
        f"lanczos {scores['lanczos', best] - scores['bicubic', best]:+.2f}, "
        f"sharpened {scores['sharpened', best] - scores['bicubic', best]:+.2f}"
    )


def test_details_show_the_pixels_of_the_files_and_their_errors(text, made):
    """The parts that the page shows are cut from the files bit for bit, and lie where it says."""
    choice = choose(Outcome(made[1]), Outcome(made[1]).columns[0])[0]
    article = text.split('<article class="feature">')[1]
    left, right, top, bottom = map(int, re.search(r"at x (\d+) to (\d+), y (\d+) to (\d+)", article).groups())
    cells = article.split('<div class="cells"')[1]
    shown = dict(re.findall(r'src="([^"]+)"[^>]*alt="detail 1 of [^,]+, ([^"]+)"', cells))
    shown = {name: uri for uri, name in shown.items()}
    assert list(shown) == ["input", "bicubic", "lanczos", "sharpened", "original"]
    folder = made[0] / "images" / "photos"
    target = np.asarray(Image.open(folder / "target" / f"{choice.image}.png"))
    assert (pixels(shown["original"]) == target[top:bottom, left:right]).all()
    restored = np.asarray(Image.open(folder / "lanczos" / f"{choice.image}.png"))
    assert (pixels(shown["lanczos"]) == restored[top:bottom, left:right]).all()
    small = np.asarray(Image.open(folder / "input" / f"{choice.image}.png")).repeat(4, 0).repeat(4, 1)
    assert (pixels(shown["input"]) == small[top:bottom, left:right]).all()
    [peak] = re.findall(r"<span>(\d+) levels of 255", article)
    [uri] = re.findall(r'src="([^"]+)"[^>]*alt="errors of lanczos in detail 1"', cells.split("<h4>")[0])
    wanted = coloured(error(restored, target)[top:bottom, left:right], float(peak))
    assert np.abs(pixels(uri).astype(int) - wanted).mean() < 2  # the peak is printed without its digits


def test_without_the_image_files_the_rest_of_the_page_stands(results, tmp_path):
    found = page(Outcome(results), tmp_path)
    Strict(found)
    assert 'id="images"' not in found
    assert 'href="#images"' not in found
    assert "Paired differences" in found


def test_one_image_file_that_is_broken_costs_only_itself(results, made, tmp_path):
    choice = choose(Outcome(results), Outcome(results).columns[0])[0]
    for state in ("input", "target", "lanczos", "bicubic"):
        path = tmp_path / "images" / "photos" / state / f"{choice.image}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes((made[0] / path.relative_to(tmp_path)).read_bytes())
    (tmp_path / "images" / "photos" / "bicubic" / f"{choice.image}.png").write_bytes(b"no image")
    found = page(Outcome(results), tmp_path)
    assert f"detail 1 of {choice.image}, lanczos" in found
    assert f"detail 1 of {choice.image}, bicubic" not in found


def test_names_cannot_break_out_of_the_page(results, tmp_path):
    evil = '"><script>alert(1)</script>'
    text = json.dumps(results).replace('"lanczos"', json.dumps(evil)).replace("astronaut-0", "<b>&amp;")
    found = page(Outcome(json.loads(text)), tmp_path)
    assert len(Strict(found).all("script")) == 1
    assert "<script>alert" not in found
    assert "&lt;script&gt;" in found
    assert "<b>&amp;" not in found


def test_failures_missing_and_infinite_scores_are_told(results, made):
    for score in results["scores"]:
        score["metrics"]["lpips"] = None
        score["reasons"]["lpips"] = "the trunk is missing; restore weights fetch lpips-alex"
        if score["model"] == "lanczos":
            score["metrics"]["psnr"] = "inf"
    broken = next(s for s in results["scores"] if (s["model"], s["dataset"]) == ("sharpened", "rockets"))
    broken.update(status="failed", error="out of memory", metrics=dict.fromkeys(broken["metrics"]))
    for row in results["summary"]:
        row["metrics"]["lpips"] = None
        row["reasons"] = {"lpips": "the trunk is missing; restore weights fetch lpips-alex"}
        if row["model"] == "lanczos":
            row["metrics"]["psnr"] = "inf"
        if (row["model"], row["dataset"]) == ("sharpened", "rockets"):
            row.update(n=2, failed=1)
    found = page(Outcome(results), made[0])
    Strict(found)
    said = plain(found)
    assert "LPIPS n/a on photos, rockets: the trunk is missing" in said
    assert "lanczos inf" in said
    assert "8 infinite left out" in said
    assert "sharpened failed on 1 image of rockets" in said
    assert "PSNR against LPIPS on photos" not in said
    assert not re.search(r"\bnan\b", re.sub(r'"data:[^"]+"', "", found).lower())


def test_a_single_model_has_nothing_to_be_compared_with(results, made):
    results["models"] = results["models"][1:2]
    for part in ("scores", "summary", "timing"):
        results[part] = [row for row in results[part] if row["model"] == "lanczos"]
    found = page(Outcome(results), made[0])
    Strict(found)
    assert "Paired differences" not in plain(found)
    assert "best PSNR (dB) of the set" in plain(found)


def test_a_data_set_of_thousands_stays_readable(results, tmp_path):
    first = [s for s in results["scores"] if s["dataset"] == "rockets" and s["image"] == "rocket-0"]
    for number in range(3000):
        for score in first:
            metrics = {key: value + 0.001 * (number % 97) for key, value in score["metrics"].items()}
            results["scores"].append({**score, "image": f"more-{number}", "metrics": metrics})
    found = page(Outcome(results), tmp_path)
    assert len(found) < 3_000_000
    assert "3003 : 0 better" in plain(found)


def test_the_example_of_the_documentation(results, tmp_path, monkeypatch):
    docs = Path(__file__).parents[3] / "docs" / "report.md"
    [example] = re.findall(r"^```python\n(.*?)^```", docs.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text(json.dumps(results))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(example.replace('"srresnet"', '"lanczos"'), names)
    assert names["psnr"].found.verdict == "better"
    assert (tmp_path / "out" / "report.html").exists()


def test_a_folder_that_cannot_be_written(results, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        report.write(results, tmp_path / "file" / "out")
    assert Path(tmp_path / "file").read_text() == "in the way"
