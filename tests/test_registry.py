"""Names: short, qualified, with a tag, misspelt; and factories that fail when they are built."""

from __future__ import annotations

import pytest

from restore.errors import PluginError, UnknownNameError, UsageError
from restore.registry import registry, split_tag

PLUGIN = """
from restore.plugin import DegradationSpec, LossSpec, ModelSpec, PriorSpec, WeightsSpec, hookimpl

DIGEST = "0" * 64

def model(name, **more):
    return ModelSpec(name=name, factory="restore_good.parts:" + name.title(), task="denoising", **more)

def weights(*tags):
    return tuple(WeightsSpec(tag=tag, file="restore_good:w.safetensors", sha256=DIGEST) for tag in tags)

@hookimpl
def restore_models():
    names = ("typo", "absent", "number", "exits", "refuses", "fine")
    return [model("dncnn", weights=weights("photo-x4", "psnr-x4")), *map(model, names)]

@hookimpl
def restore_losses():
    return [LossSpec(name="dncnn-loss", factory="restore_good.parts:Fine")]
"""

PARTS = """
from restore.errors import UsageError
Number = 3
class Typo:
    def __init__(self): undefined_name
class Exits:
    def __init__(self): raise SystemExit(0)
class Refuses:
    def __init__(self, strength: float = 2): raise UsageError("strength lies in [0, 1]", "less of it")
class Fine:
    def __init__(self, strength: float = 1): self.strength = strength
"""


@pytest.fixture
def good(site):
    site.install("restore-good", PLUGIN, files={"parts.py": PARTS})
    return registry()


@pytest.mark.parametrize("name", ["dncnn", "restore-good:dncnn", "Restore_Good:dncnn", "restore.good:dncnn"])
def test_short_and_qualified_names(good, name):
    assert good.find("model", name).qualified == "restore-good:dncnn"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("srgan", ("srgan", "")),
        ("srgan.photo-x4", ("srgan", "photo-x4")),
        ("restore.good:srgan", ("restore.good:srgan", "")),
        ("restore.good:srgan.x4", ("restore.good:srgan", "x4")),
    ],
)
def test_split_tag(name, parts):
    assert split_tag(name) == parts


def test_weights_by_tag(good):
    assert good.find_weighted("model", "dncnn")[1].tag == "photo-x4"
    assert good.find_weighted("model", "restore-good:dncnn.psnr-x4")[1].tag == "psnr-x4"
    assert good.find_weighted("model", "fine")[1] is None
    with pytest.raises(UnknownNameError, match="'dncnn' has no weights 'psnr-x5'") as caught:
        good.find_weighted("model", "dncnn.psnr-x5")
    assert caught.value.cure == "did you mean dncnn.psnr-x4? its weights are: dncnn.photo-x4, dncnn.psnr-x4"
    with pytest.raises(UnknownNameError, match="no weights 'x'") as caught:
        good.find_weighted("model", "fine.x")
    assert caught.value.cure == "its weights are: none"


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        ("model", "dncn", "did you mean dncnn?"),
        ("model", "restore-good:dncn", "did you mean restore-good:dncnn?"),
        ("model", "restore-god:dncnn", "did you mean restore-good:dncnn?"),
        ("model", "jpeg", "'jpeg' is a degradation"),
        ("degradation", "dncnn", "'dncnn' is a model"),
        ("model", "dncnn:strength", "options are written dncnn:key=value"),
        ("model", "zzzzzz", "restore list model shows what is installed"),
    ],
)
def test_an_unknown_name_says_what_is_known(good, kind, name, hint):
    with pytest.raises(UnknownNameError, match=f"no {kind} is called '{name}'") as caught:
        good.find(kind, name)
    assert hint in caught.value.cure
    assert caught.value.exit_code == 3


def test_an_unknown_name_of_any_kind(good):
    with pytest.raises(UnknownNameError, match="no component is called 'jpg'") as caught:
        good.named("jpg")
    assert "did you mean jpeg?" in caught.value.cure
    assert {c.spec.kind for c in good.named("dncnn")} == {"model"}


def test_an_unknown_name_tells_of_plugins_that_are_out_of_order(site):
    site.install("restore-bad", "raise ValueError('lost')")
    with pytest.raises(UnknownNameError) as caught:
        registry().find("model", "zzzzzz")
    assert "plugin bad of restore-bad 1.0 is broken: ValueError: lost" in caught.value.cure


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "typo",
            "model 'typo' of restore-good cannot be built: NameError: name 'undefined_name' is not defined",
        ),
        ("exits", "model 'exits' of restore-good cannot be built: SystemExit: 0"),
        ("absent", "model 'absent' of restore-good cannot be imported: AttributeError"),
        ("number", "factory 'restore_good.parts:Number' of restore-good is not callable"),
    ],
)
def test_a_factory_that_fails_names_its_distribution(good, name, told):
    with pytest.raises(PluginError, match=told) as caught:
        good.find("model", name).build()
    assert name == "number" or caught.value.__cause__ is not None


def test_a_factory_that_refuses_keeps_its_own_words(good):
    with pytest.raises(UsageError, match="strength lies in") as caught:
        good.find("model", "refuses").build(strength=2)
    assert caught.value.cure == "less of it"


def test_options_are_checked_before_the_factory_is_called(good):
    fine = good.find("model", "fine")
    assert fine.build(strength="0.5").strength == 0.5
    with pytest.raises(UsageError, match="fine has no option 'strenght'"):
        fine.build(strenght=1)


def test_the_registry_is_found_once_and_can_be_forgotten(good, site):
    assert registry() is good
    registry.cache_clear()
    assert registry() is not good
