"""The code of a plugin that no revision covers: edited under one version, it is another plugin."""

from __future__ import annotations

import importlib
import json
import sys
from importlib.resources import files

import jsonschema
import pytest

from restore.benchmark import find_protocol, source
from restore.benchmark.comparable import refuse_differences, version_notes
from restore.benchmark.runner import Settings, run
from restore.registry import registry

EDITABLE = '{"url": "file:///home/a/restore-lab", "dir_info": {"editable": true}}'


@pytest.fixture
def edit(site, lab):
    """Return what edits a file of the installed plugin in place, as an editor does, for a process that starts anew."""

    def replace(old, new, name="parts.py"):
        file = site.folder / "restore_lab" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        for module in [m for m in sys.modules if m.startswith("restore_lab")]:
            del sys.modules[module]
        importlib.invalidate_caches()
        registry.cache_clear()

    return replace


@pytest.fixture
def go(tmp_path, pictures, lab):
    folder = pictures("data", a=(17, 20))

    def bench(output="out"):
        settings = Settings(
            protocol=find_protocol("lab"), models=("picky",), data=folder, output=tmp_path / output, device="cpu"
        )
        return run(settings)

    return bench


def levels(found):
    return {row["model"]: row["metrics"]["levels"] for row in found["scores"]}


def test_a_model_that_was_edited_is_measured_again(go, edit):
    before = go()
    edit("        return image\n\nclass Dice", "        return image * 0\n\nclass Dice")
    after = go()
    assert levels(after)["picky"] > levels(before)["picky"] + 10
    assert levels(after)["plain"] == levels(before)["plain"]
    assert after["models"][1]["version"] == before["models"][1]["version"]
    assert after["models"][1]["source"] != before["models"][1]["source"]


def test_a_metric_that_was_edited_measures_again_and_compare_tells_it(go, edit):
    before = go()
    edit("return difference.mean((1, 2, 3))", "return difference.mean((1, 2, 3)) + 100")
    after = go()
    assert levels(after) == pytest.approx({name: score + 100 for name, score in levels(before).items()})
    refuse_differences(before, after)
    [note] = version_notes(before, after)
    digests = [found["metrics"]["levels"]["source"][:12] for found in (before, after)]
    assert note.endswith(f"restore-lab 1.0 (source {digests[0]}) and 1.0 (source {digests[1]})")


def test_it_is_told_of_others_only_and_as_the_schema_says(go):
    found = go()
    schema = json.loads(files("restore.benchmark").joinpath("results.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found)
    [bicubic] = found["degradation"]
    assert bicubic["distribution"] == "restore-toolkit"
    assert ("source" in bicubic) == (found["environment"]["git_commit"] is None)
    assert len(found["models"][0]["source"]) == 64


def test_it_is_over_every_python_file_and_nothing_else(edit, site):
    def now():
        return source.told(registry().find("model", "plain"))["source"]

    first = now()
    (site.folder / "restore_lab/notes.txt").write_text("no code")
    assert now() == first
    (site.folder / "restore_lab/deep").mkdir()
    (site.folder / "restore_lab/deep/more.py").write_text("x = 1")
    deeper = now()
    assert deeper != first
    (site.folder / "restore_lab/deep/more.py").rename(site.folder / "restore_lab/deep/other.py")
    assert now() not in (first, deeper)


def test_it_does_not_depend_on_how_the_package_was_installed(edit, site):
    linked = source.told(registry().find("model", "plain"))
    (site.folder / "restore_lab-1.0.dist-info/direct_url.json").write_text(EDITABLE)
    (site.folder / "restore_lab-1.0.dist-info/RECORD").write_text("__editable___restore_lab_finder.py,,\n")
    assert source.told(registry().find("model", "plain")) == linked
