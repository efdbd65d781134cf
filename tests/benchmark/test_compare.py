"""Two results against each other."""

from __future__ import annotations

import copy
import json

import pytest
from click.testing import CliRunner

from restore.benchmark.comparable import run_notes
from restore.benchmark.compare import compare
from restore.benchmark.protocol import hash_of
from restore.cli import cli
from restore.errors import InputError, UsageError

FIELDS = {"crop_border": 4, "color": "y"}
HASH = hash_of(FIELDS)
GAINS = (1.0, 2.0, 1.0, 2.0, 1.0, 2.0)


def result(models, *, images=6):
    """A result of one data set: each model's scores are 20, 21 ... and its own offsets."""
    names = [f"im{i}" for i in range(images)]
    scores = [
        {"model": model, "dataset": "set", "image": name, "seed": 0, "width": 9, "height": 9, "status": "ok",
         "error": None, "metrics": {"psnr": 20.0 + i + offsets[i], "lpips": 0.5 - 0.01 * offsets[i]}, "reasons": {}}
        for model, offsets in models.items() for i, name in enumerate(names)
    ]  # fmt: skip
    return {
        "schema": 1,
        "protocol": {"id": "sr-x4", "hash": HASH, "fields": FIELDS.copy(), "description": ""},
        "environment": {},
        "metrics": {
            "psnr": {"distribution": "restore-toolkit", "version": "1.0", "label": "PSNR", "unit": "dB", "digits": 2,
                     "higher_is_better": True, "description": None, "absent": None},
            "lpips": {"distribution": "restore-toolkit", "version": "1.0", "label": "LPIPS", "unit": "", "digits": 4,
                      "higher_is_better": False, "description": None, "absent": None},
        },
        "datasets": [
            {"name": "set", "folder": "set", "hash": "c" * 64,
             "images": [{"name": name, "sha256": f"{i:064x}", "width": 9, "height": 9} for i, name in enumerate(names)]}
        ],
        "models": [{"name": model, "baseline": model == "bicubic"} for model in models],
        "scores": scores,
        "summary": [],
    }  # fmt: skip


@pytest.fixture
def old():
    return result({"bicubic": (0.0,) * 6, "net": (0.5,) * 6})


@pytest.fixture
def new():
    return result({"bicubic": (0.0,) * 6, "net": tuple(0.5 + gain for gain in GAINS)})


def by_place(found):
    return {(c.model_a, c.model_b, c.metric.key): c for c in found}


def test_models_of_one_name_are_compared(old, new):
    found = by_place(compare(new, old))
    assert list(found) == [(m, m, k) for m in ("bicubic", "net") for k in ("psnr", "lpips")]
    psnr = found["net", "net", "psnr"]
    assert psnr.found.differences == pytest.approx(GAINS)
    assert psnr.means == pytest.approx((24.5, 23.0))  # by hand: 20..25 has the mean 22.5
    assert (psnr.found.verdict, psnr.found.gains) == ("better", 6)
    assert found["net", "net", "lpips"].found.interval.mean == pytest.approx(-0.015)
    assert found["net", "net", "lpips"].found.verdict == "better"
    assert found["bicubic", "bicubic", "psnr"].found.verdict == "identical"
    assert by_place(compare(old, new))["net", "net", "psnr"].found.verdict == "worse"


def test_the_one_other_model_of_either_is_compared(old, new):
    for entry in (*new["scores"], *new["models"]):
        for key in ("model", "name"):
            if entry.get(key) == "net":
                entry[key] = "other"
    assert ("other", "net", "psnr") in by_place(compare(new, old))


def test_images_are_paired_by_name_not_by_order(old, new):
    new["scores"].reverse()
    assert sorted(by_place(compare(new, old))["net", "net", "psnr"].found.differences) == pytest.approx(sorted(GAINS))
    assert by_place(compare(new, old))["bicubic", "bicubic", "psnr"].found.verdict == "identical"


def test_two_models_of_one_result(old):
    [psnr, _] = compare(old, old, models=("net", "bicubic"))
    assert psnr.found.interval.mean == 0.5


def test_an_image_without_a_score_is_left_out_and_counted(old, new):
    failed = next(s for s in new["scores"] if (s["model"], s["image"]) == ("net", "im3"))
    failed.update(status="failed", metrics={"psnr": None, "lpips": None})
    found = by_place(compare(new, old))["net", "net", "psnr"]
    assert found.left_out == 1
    assert "im3" not in found.images
    assert found.found.differences == pytest.approx(GAINS[:3] + GAINS[4:])
    assert found.found.verdict == "too few images"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r["protocol"].update(hash="b" * 64, fields={"crop_border": 0, "color": "y"}),
         "protocol crop_border: 4 and 0"),
        (lambda r: r["protocol"].update(hash="b" * 64, fields={"color": "y", "crop_border": 4, "ssim_window": 7}),
         "protocol ssim_window: None and 7"),
        (lambda r: r["protocol"].update(hash="b" * 64), f"protocol hash: {HASH[:12]} and bbbbbbbbbbbb"),
        (lambda r: r["datasets"][0].update(name="set5"), "data sets: set and set5"),
        (lambda r: r["datasets"][0]["images"].pop(), "data set: im5 is in the first only"),
        (lambda r: r["datasets"][0]["images"][2].update(sha256="d" * 64),
         "data set, sha256 of im2: 000000000000 and ddd"),
    ],
)  # fmt: skip
def test_what_was_measured_differently_is_refused_by_name(old, new, change, told):
    change(new)
    with pytest.raises(UsageError) as caught:
        compare(old, new)
    assert told in caught.value.message
    assert "color" not in caught.value.message


def test_a_summary_alone_is_no_difference(old, new):
    old["protocol"]["fields"]["summary"] = "another text"
    assert compare(old, new)


def test_nothing_to_compare(old, new):
    alone = copy.deepcopy(new)
    alone["models"], alone["scores"] = [], []
    with pytest.raises(UsageError, match="no model is in both"):
        compare(old, alone)
    with pytest.raises(UsageError, match="second result has no model 'nat'"):
        compare(old, new, models=("net", "nat"))
    with pytest.raises(InputError, match="no result"):
        compare({"schema": 1}, new)


def test_what_a_pair_did_not_share_is_told(old, new):
    pairs = [("bicubic", "bicubic"), ("net", "net")]
    assert run_notes(old, new, pairs) == []
    old["environment"] = {"device": "cpu", "device_name": "A"}
    new["environment"] = {"device": "cuda:0", "device_name": "B"}
    old["models"][1].update(precision="float32", weights={"name": "x", "sha256": "1" * 64}, version="1")
    new["models"][1].update(precision="bfloat16", weights={"name": "x", "sha256": "2" * 64}, version="1")
    assert run_notes(old, new, pairs) == [
        "run on different devices: cpu (A) and cuda:0 (B)",
        "net: run in float32 and bfloat16",
        "net: with the weights x (111111111111) and x (222222222222)",
    ]
    assert run_notes(old, old, [("bicubic", "net")]) == ["bicubic and net: run in None and float32"]


def test_what_a_model_loaded_and_who_knew_the_degradation_is_told(old, new):
    pairs = [("net", "net")]
    for result, letter in ((old, "1"), (new, "2")):
        weights = {"name": "faces.first", "sha256": letter * 64}
        result["models"][1]["parts"] = [{"kind": "prior", "name": "faces", "weights": weights}]
    new["models"][1]["non_blind"] = True
    first, second = (f"the prior faces of weights faces.first ({letter * 12})" for letter in "12")
    assert run_notes(old, new, pairs) == [
        "net: the second knows the degradation of each image, the other does not",
        f"net: with {first} and with {second}",
    ]
    del old["models"][1]["parts"], new["models"][1]["non_blind"]
    assert run_notes(new, old, pairs) == [f"net: with {second} and with nothing that is loaded by name"]


class TestCommand:
    @pytest.fixture
    def files(self, old, new, tmp_path):
        for name, content in (("old", old), ("new", new)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        return str(tmp_path / "new.json"), str(tmp_path / "old.json")

    def call(self, *arguments):
        return CliRunner().invoke(cli, ["compare", *arguments])

    def test_for_people(self, files):
        result = self.call(*files)
        assert result.exit_code == 0
        head, *blocks = result.stdout.split("\n\n")
        assert head.split()[:3] == ["metric", "A", "B"]
        place, psnr, lpips = blocks[1].splitlines()
        assert place == "set: net - net"
        assert psnr.split() == ["PSNR", "24.50", "23.00", "+1.500", *psnr.split()[4:6], "6:0", "better"]
        assert lpips.split()[:2] == ["LPIPS", "↓"]
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert f"sr-x4 ({HASH[:12]})" in result.stderr

    def test_json(self, files):
        result = self.call(*files, "--json")
        found = json.loads(result.stdout)
        assert (found["schema"], found["command"], found["protocol"]["id"]) == (1, "compare", "sr-x4")
        psnr = next(c for c in found["comparisons"] if (c["a"], c["metric"]) == ("net", "psnr"))
        assert psnr["difference"] == pytest.approx(1.5)
        assert (psnr["n"], psnr["won"], psnr["lost"], psnr["verdict"]) == (6, 6, 0, "better")
        low, high = psnr["interval"]
        assert (low, high) == (1, 2)
        assert psnr["images"]["im1"] == pytest.approx(2.0)

    def test_other_versions_are_told(self, files, new, tmp_path):
        new["metrics"]["psnr"]["version"] = "1.1"
        (tmp_path / "new.json").write_text(json.dumps(new))
        told = "degraded or measured by different versions: restore-toolkit 1.1 and 1.0"
        assert told in self.call(*files).stderr
        assert json.loads(self.call(*files, "--json").stdout)["notes"] == [told]

    def test_infinity_is_text(self, files, new, tmp_path):
        for score in new["scores"][:6]:
            score["metrics"]["psnr"] = "inf"
        (tmp_path / "new.json").write_text(json.dumps(new))
        result = self.call(*files, "--json")
        first = json.loads(result.stdout, parse_constant=pytest.fail)["comparisons"][0]
        assert (first["mean_a"], first["difference"], first["infinite"]) == ("inf", None, 6)
        assert set(first["images"].values()) == {"inf"}
        assert "6 infinite" in self.call(*files).stdout

    def test_a_refusal_is_a_usage_error_that_names_the_field(self, files, new, tmp_path):
        fields = {"crop_border": 0, "color": "y"}
        new["protocol"].update(hash=hash_of(fields), fields=fields)
        (tmp_path / "new.json").write_text(json.dumps(new))
        result = self.call(*files)
        assert result.exit_code == 2
        assert "protocol crop_border: 0 and 4" in result.stderr

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("-a", "net"), "add -b and one of bicubic, net"),
            (("-b", "net"), "add -a and one of bicubic, net"),
            (("-a", "nope"), "no model 'nope'\n  it has bicubic, net"),
        ],
    )
    def test_one_model_alone_is_a_usage_error_that_names_the_others(self, files, arguments, told):
        result = self.call(*files, *arguments)
        assert result.exit_code == 2
        assert told in result.stderr

    def test_models_without_a_partner_are_told(self, files, new, tmp_path):
        new["models"].append({"name": "third", "baseline": False})
        (tmp_path / "new.json").write_text(json.dumps(new))
        assert "no partner: third of A (" in self.call(*files).stderr
        assert json.loads(self.call(*files, "--json").stdout)["unmatched"] == {"a": ["third"], "b": []}
        assert "no partner" not in self.call(*files, "-a", "net", "-b", "net").stderr

    def test_no_score_in_common_is_a_usage_error(self, files, new, tmp_path):
        for score in new["scores"]:
            score.update(status="failed", error="no luck", metrics=dict.fromkeys(score["metrics"]))
        (tmp_path / "new.json").write_text(json.dumps(new))
        result = self.call(*files)
        assert (result.exit_code, "no score in common" in result.stderr) == (2, True)

    def test_a_file_that_is_absent_is_a_usage_error(self, files):
        assert self.call(files[0], "gone.json").exit_code == 2

    @pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}'])
    def test_files_that_are_no_results(self, files, tmp_path, content):
        (tmp_path / "new.json").write_text(content)
        result = self.call(*files)
        assert result.exit_code == 1
        assert "no result" in result.stderr
