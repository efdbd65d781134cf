"""A broken plugin costs only itself: real distributions on disk, each wrong in a way of its own."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from restore.discovery import PluginRecord
from restore.errors import PluginError, UnknownNameError
from restore.registry import discover, registry

GOOD = """
from restore.plugin import ModelSpec, hookimpl

@hookimpl
def restore_models():
    return [ModelSpec(name="dncnn", factory="restore_good.model:Net", task="denoising", summary="Good one")]
"""

HOOK = """
from restore.plugin import ModelSpec, hookimpl

@hookimpl
def restore_models():
    {body}
"""


def hook(body: str) -> str:
    return HOOK.format(body=body)


@dataclass(frozen=True)
class Case:
    plugin: str
    status: str
    error: str
    install: dict[str, Any] = field(default_factory=dict)


SPEC = 'ModelSpec(name="net", factory="a.b:C", task="t"'

BAD = {
    "missing-import": Case("import absent_package", "broken", "ModuleNotFoundError: No module named 'absent_package'"),
    "syntax-error": Case("def (", "broken", "SyntaxError"),
    "exits-at-import": Case("import sys; sys.exit(0)", "broken", "SystemExit: 0"),
    "raises-base-exception": Case("class Panic(BaseException): ...\nraise Panic('lost')", "broken", "Panic: lost"),
    "unprintable-exception": Case(
        "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd", "broken", "Odd"
    ),
    "many-line-exception": Case(r"raise ValueError('one\n\x1b[31mtwo')", "broken", "ValueError: one ?[31mtwo"),
    "hook-raises": Case(hook("raise RuntimeError('no')"), "broken", "RuntimeError: no"),
    "generator-raises-late": Case(
        hook(f"yield {SPEC})\n    raise RuntimeError('late')"), "broken", "RuntimeError: late"
    ),
    "endless-recursion": Case(hook("return restore_models()"), "broken", "RecursionError"),
    "returns-none": Case(hook("return None"), "broken", "must return a list of ModelSpec, not NoneType"),
    "returns-a-spec": Case(hook(f"return {SPEC})"), "broken", "must return a list of ModelSpec, not ModelSpec"),
    "returns-text": Case(hook("return 'net'"), "broken", "must return a list of ModelSpec, not str"),
    "returns-dictionaries": Case(hook("return [{'name': 'net'}]"), "broken", "must return ModelSpec objects, not dict"),
    "returns-another-kind": Case(
        "from restore.plugin import LossSpec\n" + hook("return [LossSpec(name='l', factory='a.b:C')]"),
        "broken",
        "must return ModelSpec objects, not LossSpec",
    ),
    "offers-a-name-twice": Case(hook(f"return [{SPEC}), {SPEC})]"), "broken", "offers 'net' twice"),
    "wrong-type-in-spec": Case(hook(f"return [{SPEC}, channels=3)]"), "broken", "channels must be tuple[int, ...]"),
    "unknown-field": Case(hook(f"return [{SPEC}, colour=3)]"), "broken", "unexpected keyword argument 'colour'"),
    "class-as-plugin": Case(
        "class Plugin: ...", "broken", "names a class, Plugin", {"value": "restore_bad.plugin:Plugin"}
    ),
    "absent-attribute": Case("", "broken", "AttributeError", {"value": "restore_bad.plugin:absent"}),
    "absent-module": Case("", "broken", "No module named 'restore_bad.absent'", {"value": "restore_bad.absent"}),
    "no-hook": Case("def restore_models(): return []", "broken", "no hook; mark one"),
    "mistyped-hook": Case(
        hook("return []").replace("restore_models", "restore_model"),
        "broken",
        "no hook is called 'restore_model'; did you mean 'restore_models'?",
    ),
    "hook-with-arguments": Case(
        hook("return []").replace("restore_models()", "restore_models(registry)"), "broken", "registry"
    ),
    "asks-the-registry": Case(
        "from restore.registry import registry\nregistry()", "broken", "asked for while plugins register"
    ),
    "newer-interface": Case(GOOD, "incompatible", "interface restore.v2", {"group": "restore.v2"}),
    "older-interface": Case(GOOD, "incompatible", "interface restore.v0", {"group": "restore.v0"}),
    "needs-a-newer-toolkit": Case(
        "raise SystemError",
        "incompatible",
        "needs restore-toolkit >=99",
        {"requires": ["Restore_Toolkit[train]>=99"]},
    ),
    "malformed-requirement": Case(
        "raise SystemError",
        "incompatible",
        "requirements cannot be read",
        {"requires": ["restore-toolkit >>> 1"]},
    ),
    "malformed-entry-points": Case(GOOD, "broken", "", {"entry_points": "[restore.v1]\nthis is no entry point\n"}),
    "no-metadata": Case("raise ValueError('x')", "broken", "ValueError: x", {"metadata": ""}),
    "undecodable-entry": Case("", "broken", "", {"value": "not a module!"}),
    "imports-torch": Case("import torch\n" + hook(f"return [{SPEC})]"), "slow", "imports torch at registration"),
    "takes-long": Case("import time; time.sleep(0.6)\n" + hook(f"return [{SPEC})]"), "slow", "takes long to register"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_the_list_works_beside_a_bad_plugin(site, case: Case):
    site.install("restore-good", GOOD)
    site.install("restore-bad", case.plugin, version="0.3", **case.install)
    (site.folder / "torch").mkdir()
    (site.folder / "torch" / "__init__.py").write_text("")
    done = site.run("list", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    names = {component["qualified"] for component in listed["components"]}
    assert {"restore-good:dncnn", "restore-toolkit:bicubic", "restore-toolkit:srresnet"} <= names
    [record] = [p for p in listed["plugins"] if p["distribution"] not in ("restore-toolkit", "restore-good")]
    assert record["status"] == case.status
    assert case.error in record["error"]
    assert record["cure"]
    assert "\n" not in record["error"]
    [line] = done.stderr.splitlines()
    assert record["distribution"] in line
    assert record["cure"] in line
    assert ("restore-bad:net" in names) == (case.status == "slow")


def test_all_bad_plugins_together_cost_a_line_each(site):
    site.install("restore-good", GOOD)
    quick = {name: case for name, case in BAD.items() if case.status != "slow" and name != "no-metadata"}
    for name, case in quick.items():
        replaced = {
            k: v.replace("restore_bad", f"restore_{name}".replace("-", "_")) if isinstance(v, str) else v
            for k, v in case.install.items()
        }
        site.install(f"restore-{name}", case.plugin, **replaced)
    done = site.run("list")
    assert done.returncode == 0
    assert "dncnn" in done.stdout
    assert "bicubic" in done.stdout
    assert len(done.stderr.splitlines()) == len(quick)
    for name in quick:
        assert done.stderr.count(f" of restore-{name} ") == 1


def test_what_a_plugin_prints_stays_out_of_the_json(site):
    site.install("restore-good", "print('hello from the plugin')\n" + GOOD)
    done = site.run("list", "--json")
    assert "restore-good" in {p["distribution"] for p in json.loads(done.stdout)["plugins"]}
    assert "hello from the plugin" in done.stderr


def record_of(distribution: str) -> PluginRecord:
    [record] = [p for p in discover().plugins if p.distribution == distribution]
    return record


def test_two_distributions_may_use_one_entry_point_name(site):
    site.install("restore-good", GOOD, entry="denoise")
    site.install("restore-other", GOOD.replace("dncnn", "other"), entry="denoise")
    models = {c.qualified for c in discover().of_kind("model")}
    assert {"restore-good:dncnn", "restore-other:other"} <= models


def test_a_name_that_two_distributions_offer_is_qualified(site):
    site.install("restore-good", GOOD)
    site.install("Restore_Other", GOOD)
    with pytest.raises(PluginError, match="restore-good:dncnn and restore-other:dncnn") as caught:
        registry().find("model", "dncnn")
    assert not isinstance(caught.value, UnknownNameError)
    for name in ("restore-other:dncnn", "Restore_Other:dncnn", "restore.other:dncnn"):
        assert registry().find("model", name).plugin.distribution == "Restore_Other"
    done = site.run("list", "models")
    assert "restore-good:dncnn" in done.stdout
    assert "restore-other:dncnn" in done.stdout
    assert done.returncode == 0
    assert site.run("info", "dncnn").stdout.count("model of") == 2


def test_one_distribution_that_offers_a_name_by_two_plugins_is_told(site):
    points = "[restore.v1]\none = restore_good.plugin\ntwo = restore_good.again\n"
    site.install("restore-good", GOOD, entry_points=points, files={"again.py": GOOD})
    with pytest.raises(PluginError, match="plugins one and two of restore-good") as caught:
        registry().find("model", "dncnn")
    assert caught.value.cure == "RESTORE_DISABLE_PLUGINS=two"


def test_a_broken_plugin_that_is_named_is_an_error_with_its_cause(site):
    site.install("restore-bad", "import absent_package", version="0.3")
    for name in ("bad", "restore-bad:net", "Restore_Bad:net"):
        with pytest.raises(PluginError, match=r"plugin bad of restore-bad 0.3 is broken: ModuleNotFound") as caught:
            registry().find("model", name)
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)
        assert "pip uninstall restore-bad" in caught.value.cure
    done = site.run("info", "bad")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    traced = site.run("info", "bad", "--debug")
    assert traced.returncode == 3
    assert "import absent_package" in traced.stderr


def test_strict_mode_raises(site, monkeypatch):
    site.install("restore-bad", "import absent_package")
    monkeypatch.setenv("RESTORE_STRICT", "1")
    with pytest.raises(PluginError, match=r"restore-bad 1.0 is broken") as caught:
        discover()
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    done = site.run("list", RESTORE_STRICT="1")
    assert done.returncode == 3
    assert "import absent_package" in done.stderr


def test_a_plugin_for_two_interfaces_is_loaded_by_ours(site):
    points = "[restore.v1]\ngood = restore_good.plugin\n[restore.v2]\ngood = restore_good.newer\n"
    site.install("restore-good", GOOD, entry_points=points)
    assert record_of("restore-good").status == "ok"


def test_requirements_of_others_do_not_matter(site):
    requires = ["restore-toolkit-extras>=99", "restore-toolkit>=99; python_version < '3'", "restore-toolkit"]
    site.install("restore-good", GOOD, requires=[*requires, "torch>=99"])
    assert record_of("restore-good").status == "ok"


def test_the_first_of_two_installations_counts(site, tmp_path, monkeypatch):
    site.install("restore-good", GOOD, version="2.0")
    shadowed = type(site)(tmp_path / "older")
    shadowed.install("restore-good", "import absent_package", version="1.0")
    monkeypatch.setattr("sys.path", [*__import__("sys").path, str(shadowed.folder)])
    assert record_of("restore-good").version == "2.0"


def test_nothing_of_a_shadowed_installation_is_loaded(site, tmp_path, monkeypatch):
    """The newer version renamed its plugin; a left-over of the older one must not come back beside it."""
    site.install("restore-good", GOOD, version="2.0", entry="renamed")
    shadowed = type(site)(tmp_path / "older")
    shadowed.install("Restore.Good", GOOD, version="1.0", entry="former", value="restore_good.former")
    monkeypatch.setattr("sys.path", [*__import__("sys").path, str(shadowed.folder)])
    assert [p.name for p in discover().plugins if p.distribution != "restore-toolkit"] == ["renamed"]


def test_an_entry_point_written_twice_is_loaded_once(site):
    line = "good = restore_good.plugin\n"
    site.install("restore-good", GOOD, entry_points=f"[restore.v1]\n{line}{line}")
    assert record_of("restore-good").status == "ok"


def test_two_damaged_distributions_without_a_name_are_both_told(site):
    site.install("restore-one", "raise ValueError('one')", metadata="")
    site.install("restore-two", "raise ValueError('two')", metadata="")
    errors = {p.error for p in discover().plugins if p.distribution == "unknown"}
    assert errors == {"ValueError: one", "ValueError: two"}


def test_an_optional_hook_of_a_newer_toolkit_is_passed_over(site):
    site.install(
        "restore-good",
        GOOD + "\n@hookimpl(optionalhook=True)\ndef restore_samplers():\n    return []\n",
    )
    assert record_of("restore-good").status == "ok"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("RESTORE_PLUGINS", "restore-good", {"restore-good"}),
        ("RESTORE_PLUGINS", "Restore_Good, srgan", {"restore-good", "srgan"}),
        ("RESTORE_PLUGINS", "", set()),
        ("RESTORE_DISABLE_PLUGINS", "restore-toolkit", {"restore-good"}),
        (
            "RESTORE_DISABLE_PLUGINS",
            "good,classical,cogan,degradations,gan,inpainting",
            {"losses", "measurement", "spandrel", "srgan"},
        ),
    ],
)
def test_switches(site, monkeypatch, variable, value, expected):
    site.install("restore-good", GOOD)
    monkeypatch.setenv(variable, value)
    usable = {p.distribution if p.distribution == "restore-good" else p.name for p in discover().plugins if p.usable}
    assert usable == expected
    assert all(p.status == "disabled" for p in discover().plugins if not p.usable)


def test_a_disabled_plugin_is_not_imported_and_says_so_when_named(site, monkeypatch):
    site.install("restore-bad", "raise SystemExit")
    monkeypatch.setenv("RESTORE_DISABLE_PLUGINS", "restore-bad")
    assert record_of("restore-bad").status == "disabled"
    with pytest.raises(PluginError, match="disabled"):
        registry().find("model", "bad")


def test_no_plugins_leaves_those_of_the_toolkit(site):
    site.install("restore-bad", "raise SystemExit")
    done = site.run("list", "--no-plugins")
    assert done.stderr == ""
    assert "bicubic" in done.stdout


def test_threads_may_ask_at_once(site):
    site.install("restore-good", GOOD)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(registry().find("model", "dncnn"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
