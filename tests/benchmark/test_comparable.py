"""What makes two results incomparable, and that it is named."""

from __future__ import annotations

import copy
import os
import subprocess
import sys

import pytest

from restore.benchmark.comparable import refuse_differences, version_notes
from restore.errors import UsageError

METRIC = {"distribution": "restore-toolkit", "version": "1.0", "description": None, "absent": None}
RESULT = {
    "protocol": {"id": "lab", "hash": "a" * 64, "fields": {}},
    "degradation": [
        {"name": "bicubic", "distribution": "restore-toolkit", "version": "1.0",
         "options": {"scale": 4, "border": "symmetric"}},
        {"name": "noise", "distribution": "restore-lab", "version": "0.3", "options": {"sigma": [0.1]}},
    ],
    "metrics": {"psnr": METRIC, "lpips": {**METRIC, "description": "LPIPS; linear weights b38b"}},
    "datasets": [{"name": name, "images": [{"name": "a", "sha256": name * 32}]} for name in ("s1", "s2")],
}  # fmt: skip


def told(change):
    other = copy.deepcopy(RESULT)
    change(other)
    with pytest.raises(UsageError) as caught:
        refuse_differences(RESULT, other)
    return [line.strip() for line in caught.value.message.splitlines()[1:]]


def test_the_same_is_comparable():
    refuse_differences(RESULT, copy.deepcopy(RESULT))


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (lambda r: r["degradation"][0].update(distribution="own"),
         ["bicubic (stage 1), distribution: 'restore-toolkit' and 'own'"]),
        (lambda r: r["degradation"][0]["options"].update(border="replicate", scale=2),
         ["bicubic (stage 1), options.scale: 4 and 2",
          "bicubic (stage 1), options.border: 'symmetric' and 'replicate'"]),
        (lambda r: r["degradation"][1]["options"].update(sigma=[0.1, 0.2]),
         ["noise (stage 2), options.sigma.1: None and 0.2"]),
    ],
)  # fmt: skip
def test_another_degradation(change, lines):
    assert told(change) == [f"degradation {line}" for line in lines]


def test_other_stages_and_none_that_are_told():
    assert told(lambda r: r["degradation"].pop()) == ["degradation: bicubic|noise and bicubic"]
    assert told(lambda r: r.pop("degradation")) == ["degradation: bicubic|noise and not told"]
    old = {name: value for name, value in RESULT.items() if name != "degradation"}
    refuse_differences(old, old)


@pytest.mark.parametrize("field", ["distribution", "description"])
def test_another_metric(field):
    was = RESULT["metrics"]["lpips"][field]
    assert told(lambda r: r["metrics"]["lpips"].update({field: "other"})) == [
        f"metric lpips, {field}: {was!r} and 'other'"
    ]


def test_a_metric_that_did_not_describe_itself_yet_is_the_same():
    described = copy.deepcopy(RESULT)
    described["metrics"]["psnr"].update(description="PSNR in dB")
    refuse_differences(RESULT, described)
    refuse_differences(described, RESULT)


def test_another_version_is_told_and_no_obstacle():
    """So that a release can be held against the one before."""
    newer = copy.deepcopy(RESULT)
    newer["degradation"][0].update(version="1.1")
    newer["metrics"]["lpips"].update(version="1.1")
    refuse_differences(RESULT, newer)
    assert version_notes(RESULT, newer) == ["degraded or measured by different versions: restore-toolkit 1.0 and 1.1"]
    assert version_notes(RESULT, copy.deepcopy(RESULT)) == []


def test_a_metric_that_one_of_them_has_no_scores_of_is_no_obstacle():
    absent = copy.deepcopy(RESULT)
    absent["metrics"]["lpips"].update(absent="no weights", description=None)
    without = copy.deepcopy(RESULT)
    del without["metrics"]["lpips"]
    for other in (absent, without):
        refuse_differences(RESULT, other)
        refuse_differences(other, RESULT)


def test_what_differs_is_named_in_one_order_whatever_the_hashes_of_the_process():
    code = (
        "from restore.benchmark.comparable import refuse_differences; from restore.errors import UsageError\n"
        "def result(digest):\n"
        "    sets = [{'name': f's{n}', 'images': [{'name': 'a', 'sha256': digest}]} for n in range(6)]\n"
        "    return {'protocol': {'hash': ''}, 'datasets': sets}\n"
        "try: refuse_differences(result('a' * 64), result('b' * 64))\n"
        "except UsageError as error: print(error.message)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, text=True, capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    [text] = outputs
    assert [line.split(",")[0].strip() for line in text.splitlines()[1:]] == [f"data s{n}" for n in range(6)]
