"""A result that was edited or damaged is refused by the field, or it is compared and reported without a crash."""

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.benchmark import results
from restore.benchmark.compare import compare
from restore.benchmark.outcome import Outcome
from restore.benchmark.protocol import hash_of
from restore.benchmark.report import table
from restore.benchmark.report.provenance import facts
from restore.benchmark.wellformed import check
from restore.errors import InputError, RestoreError


def whole():
    """A small result: two models on two images."""
    fields = {"id": "p", "degradation": "bicubic", "scale": 2, "metrics": ["psnr"], "seed": 0}
    places = [{"model": m, "dataset": "set", "image": i} for m in ("bicubic", "net") for i in ("a", "b")]
    scores = [
        {**place, "seed": 1, "width": 8, "height": 8, "status": "ok", "error": None, "metrics": {"psnr": 20.0 + n},
         "reasons": {}}
        for n, place in enumerate(places)
    ]  # fmt: skip
    timing = [{**place, "seconds": 0.5, "peak_device_bytes": None, "peak_host_bytes": 9} for place in places]
    return {
        "schema": 1, "created": "2026-01-02", "command": ["restore", "bench"],
        "protocol": {"id": "p", "hash": hash_of(fields), "fields": fields, "description": "text"},
        "degradation": [{"name": "bicubic", "distribution": "d", "version": "1", "options": {"scale": 2}}],
        "environment": {"restore": "1", "device": "cpu", "device_name": "c", "torch": "2"},
        "metrics": {"psnr": {"distribution": "d", "version": "1", "label": "PSNR", "unit": "dB", "digits": 2,
                             "higher_is_better": True, "description": None, "absent": None}},
        "datasets": [{"name": "set", "folder": "set", "hash": "c" * 64,
                      "images": [{"name": i, "sha256": "1" * 64, "width": 8, "height": 8} for i in "ab"]}],
        "models": [{"name": m, "baseline": m == "bicubic", "precision": "float32", "weights": None,
                    "options": {}} for m in ("bicubic", "net")],
        "scores": scores, "timing": timing, "summary": results.summarise(scores, timing),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: f["scores"][0]["metrics"].update(psnr="much"), "scores.0.metrics.psnr is 'much', not a number"),
        (lambda f: f["scores"][0]["metrics"].update(psnr=True), "scores.0.metrics.psnr is True, not a number"),
        (lambda f: f["scores"][3].update(image="a"), "scores.3 is a second row of net, set, a"),
        (lambda f: f["scores"][1].update(model="nat"), "scores.1.model is 'nat', and the result has no such model"),
        (lambda f: f["scores"][1].update(status="maybe"), "scores.1.status is 'maybe'"),
        (lambda f: f["scores"][2].pop("metrics"), "scores.2.metrics is missing"),
        (lambda f: f["summary"][1].update(dataset="sat"), "summary.1.dataset is 'sat'"),
        (lambda f: f["protocol"]["fields"].update(scale=3), "protocol.hash is "),
        (lambda f: f["models"][1].update(name="bicubic"), "models.1.name is 'bicubic', which is there already"),
        (lambda f: f["datasets"][0]["images"][1].update(name=7), "datasets.set.images.1.name is 7, not a text"),
        (lambda f: f["metrics"]["psnr"].update(digits=99), "metrics.psnr.digits is 99"),
        (lambda f: f["models"][1].update(non_blind="yes"), "models.1.non_blind is 'yes', not true or false"),
        (lambda f: f["models"][1].update(parts=[{"kind": "prior"}]), "models.1.parts.0.name is missing"),
    ],
)
def test_what_was_edited_is_named(tmp_path, spoil, told):
    found = whole()
    check(found)
    spoil(found)
    (tmp_path / "results.json").write_text(json.dumps(found))
    with pytest.raises(InputError) as caught:
        results.read(tmp_path)
    assert f"{tmp_path / 'results.json'} is no result of restore bench: {told}" in caught.value.message


def nodes(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from nodes(inner, (*path, key))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_changed_nothing_crashes(data):
    found = copy.deepcopy(whole())
    *path, last = data.draw(st.sampled_from([path for path in nodes(found) if path]))
    place = found
    for key in path:
        place = place[key]
    if data.draw(st.booleans()):
        place[last] = data.draw(st.sampled_from(["x", -1, 10**400, 2.5, None, True, [], [1], {}, {"a": [None]}]))
    else:
        del place[last]
    try:
        check(found)
    except ValueError:
        return
    for use in (lambda _: compare(found, whole()), table.markdown, table.latex, table.scores, facts):
        with contextlib.suppress(RestoreError):
            use(Outcome(found))
