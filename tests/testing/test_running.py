"""Verdicts: whatever a component does, each check ends in one."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import restore.testing
from restore.errors import PluginError, UnknownNameError, UsageError
from restore.plugin import DatasetSpec
from restore.testing import CheckFailed, Inapplicable, check_component, check_plugin
from restore.testing.check import check, require
from restore.testing.running import Trial, plan
from restore.testing.selection import Labelled

SPEC = DatasetSpec(name="things", factory=f"{__name__}:things")


def things(number: int = 1, *, error: str = "") -> int:
    if error == "exit":
        sys.exit("enough")
    if error == "interrupt":
        raise KeyboardInterrupt
    if error:
        raise ValueError(error)
    return number


@check("it is positive")
def number_is_positive(subject):
    number = subject.build()
    if number == 0:
        raise Inapplicable("nought is neither")
    require(number > 0, expected="more than 0", found=str(number), cure="take another")


@pytest.fixture
def verdict(subject_of):
    def run(checked=number_is_positive, expected_failure="", **options):
        target = Labelled(label="things", subject=subject_of(SPEC, **options))
        return Trial(target=target, check=checked, expected_failure=expected_failure).run()

    return run


def test_a_check_is_named_after_its_function():
    assert (number_is_positive.name, number_is_positive.summary) == ("number-is-positive", "it is positive")


@pytest.mark.parametrize(
    ("number", "expected_failure", "outcome", "ok"),
    [
        (1, "", "passed", True),
        (0, "", "inapplicable", True),
        (-3, "", "failed", False),
        (-3, "a debt", "expected failure", True),
        (1, "a debt", "unexpectedly passed", False),
        (0, "a debt", "inapplicable", True),
    ],
)
def test_outcomes(verdict, number, expected_failure, outcome, ok):
    found = verdict(number=number, expected_failure=expected_failure)
    assert (found.component, found.kind, found.check) == ("things", "dataset", "number-is-positive")
    assert (found.outcome, found.ok) == (outcome, ok)
    assert found.seconds >= 0
    if number < 0:
        assert str(found.failure) == "expected: more than 0\n   found: -3\n    cure: take another"
        assert found.reason == expected_failure
    else:
        assert found.failure is None
    if number == 0:
        assert found.reason == "nought is neither"


def test_what_a_component_raises_is_a_failure_that_names_the_line(verdict):
    found = verdict(error="no such number")
    assert found.outcome == "failed"
    assert found.failure.expected == "it is positive"
    assert "ValueError: no such number" in found.failure.found
    assert "things: raise ValueError(error)" in found.failure.found
    assert isinstance(found.failure.__cause__, PluginError)


def test_a_component_may_even_exit(verdict):
    found = verdict(error="exit")
    assert found.outcome == "failed"
    assert "SystemExit: enough" in found.failure.found
    assert verdict(error="exit", expected_failure="it is tired").outcome == "expected failure"


def test_an_interrupt_is_no_verdict(verdict):
    with pytest.raises(KeyboardInterrupt):
        verdict(error="interrupt")


def test_the_innermost_line_of_the_plugin_is_named_not_that_of_a_library(subject_of):
    from restore.registry import PluginRecord

    @check("it works")
    def works(subject):
        torch.ones(2) @ torch.ones(3)

    own = PluginRecord(name="t", distribution="t", version="1", module=__name__)
    found = Trial(target=Labelled(label="things", subject=subject_of(SPEC, plugin=own)), check=works).run()
    assert "RuntimeError" in found.failure.found
    assert "works: torch.ones(2) @ torch.ones(3)" in found.failure.found


def test_the_process_is_as_it_was_after_a_check(verdict, capfd, tmp_path):
    @check("it tidies up")
    def disturbs(subject):
        torch.manual_seed(7)
        np.random.seed(7)
        random.seed(7)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        os.environ["RESTORE_STRAY"] = "1"
        os.chdir(tmp_path)
        print("noise")  # noqa: T201 - on purpose

    def state():
        dice = (torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate())
        rest = torch.is_grad_enabled(), torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()
        told = {name: value for name, value in os.environ.items() if not name.startswith("TORCH")}  # torch's own
        return (*dice, *rest, told, Path.cwd())

    before = state()
    assert verdict(disturbs).outcome == "passed"
    assert state() == before
    assert capfd.readouterr().out == ""


def test_a_component_that_lacks_an_option_says_which(subject_of):
    spec = DatasetSpec(name="folder", factory=f"{__name__}:needs_a_folder")
    with pytest.raises(Inapplicable, match=r"needs the option 'path': check folder:path=\.\.\."):
        subject_of(spec).build()
    assert subject_of(spec, path="here").build() == "here"


def needs_a_folder(path: str) -> str:
    return path


def test_names():
    labels = {trial.target.label for trial in plan("restore-toolkit")}
    assert {"psnr", "jpeg", "model-bicubic", "degradation-bicubic"} <= labels
    assert "bicubic" not in labels
    assert {t.target.label for t in plan("degradations")} >= {"bicubic", "jpeg"}
    assert {t.target.label for t in plan("Restore_Toolkit")} == labels
    [name] = {trial.target.label for trial in plan("restore-toolkit:psnr")}
    assert name == "psnr"
    [subject] = {id(t.target.subject): t.target.subject for t in plan("gaussian-blur:sigma=1+3")}.values()
    assert subject.options == {"sigma": (1.0, 3.0)}
    [subject] = {id(t.target.subject): t.target.subject for t in plan("model-bicubic:scale=2")}.values()
    assert (subject.spec.kind, subject.options) == ("model", {"scale": 2})
    assert {t.target.subject.spec.kind for t in plan("restore-toolkit:degradation-bicubic")} == {"degradation"}
    assert len({t.target.subject.spec.kind for t in plan("bicubic")}) == 2
    assert len({trial.name for trial in plan("restore-toolkit")}) == len(plan("restore-toolkit"))


def test_names_that_are_unknown():
    with pytest.raises(UnknownNameError, match=r"'gausian-blur'.*\n.*did you mean gaussian-blur"):
        plan("gausian-blur")
    with pytest.raises(UnknownNameError, match="did you mean degradations"):
        check_plugin("degradation")
    with pytest.raises(UnknownNameError, match="'degradations'"):
        check_component("degradations")


def test_a_broken_plugin_is_an_error_with_its_cause(site):
    site.install("restore-bad", "import absent_package")
    with pytest.raises(PluginError, match=r"plugin bad of restore-bad 1\.0 is broken: ModuleNotFoundError") as caught:
        check_plugin("restore-bad")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_expected_failures_and_options_that_make_no_sense():
    with pytest.raises(UsageError, match=r"names no check: 'jpeg-copies-are-tru'\n.*jpeg-copies-are-true"):
        plan("jpeg", expected_failures={"jpeg-copies-are-tru": "because"})
    with pytest.raises(UsageError, match="has no reason"):
        plan("jpeg", expected_failures={"jpeg-copies-are-true": " "})
    with pytest.raises(UsageError, match=r"no component 'jpg'\n.*did you mean jpeg"):
        plan("degradations", options={"jpg": {"quality": 3}})
    with pytest.raises(UsageError, match="option quality must be whole numbers"):
        plan("jpeg:quality=low")
    with pytest.raises(UsageError, match="model-bicubic has no option 'rounding'"):
        plan("bicubic:rounding=uint8")
    with pytest.raises(UsageError, match="jpeg has no option 'name'"):
        check_component("jpeg", options={"name": "an option may be called so"})
    with pytest.raises(UsageError, match=r"no check is called 'copies'\n"):
        plan("jpeg", only=["copies"])
    assert [trial.name for trial in plan("jpeg", only=["copies-are-true"])] == ["jpeg-copies-are-true"]


def test_options_reach_the_component():
    [found] = [v for v in check_component("jpeg", options={"quality": 200}) if v.check == "factory-builds"]
    assert found.outcome == "failed"
    assert "quality=200 is out of range" in found.failure.found


BROKEN = """
    from restore.plugin import ModelSpec, hookimpl

    @hookimpl
    def restore_models():
        made = dict(factory="restore_broken.net:Net", task="denoising", summary="Nothing", licence="MIT")
        return [ModelSpec(name="broken", **made)]
"""


@pytest.mark.parametrize(
    ("code", "at_fault", "found"),
    [
        ("class Net:\n    def __init__(self):\n        self.depth = missing\n",
         "factory-builds", "NameError: name 'missing' is not defined, in restore_broken.net line 3"),
        ("import absent_package\n", "factory-resolves", "ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_fails_once(site, code, at_fault, found):
    site.install("restore-broken", BROKEN, files={"net.py": code})
    verdicts = check_plugin("restore-broken")
    [failed] = [verdict for verdict in verdicts if not verdict.ok]
    assert failed.check == at_fault
    assert found in failed.failure.found
    assert failed.failure.cure == "mend it there; --debug shows the traceback"
    left = [verdict for verdict in verdicts if verdict.reason.startswith("it is not built")]
    assert len(left) > 15
    assert {verdict.outcome for verdict in left} == {"inapplicable"}
    passed = {verdict.check for verdict in verdicts if verdict.outcome == "passed"}
    assert {"summary-is-there", "licence-is-known", "discovery-is-light"} <= passed


def test_a_check_that_is_run_alone_is_not_excused(site):
    site.install("restore-broken", BROKEN, files={"net.py": "def Net():\n    raise ValueError('no such depth')\n"})
    [verdict] = [trial.run() for trial in plan("restore-broken", only=["copies-are-true"])]
    assert "no such depth" in verdict.failure.found


def test_every_check_tells_what_it_is_for():
    trials = plan("restore-toolkit")
    assert all(trial.check.summary and trial.check.summary.isprintable() for trial in trials)
    assert all(issubclass(kind, Exception) for kind in (CheckFailed, Inapplicable))


def test_the_public_names():
    assert all(getattr(restore.testing, name) for name in restore.testing.__all__)
    assert set(restore.testing.__all__) <= set(dir(restore.testing))
    with pytest.raises(AttributeError, match="no attribute 'check_all'"):
        _ = restore.testing.check_all
