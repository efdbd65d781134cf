"""Descriptors refuse what the core could not act on, and say which component and field is wrong."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from restore.plugin import (
    HOOKS,
    KINDS,
    SPECS,
    BlendSpec,
    DegradationSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    NetworkSpec,
    PriorSpec,
    ProtocolSpec,
    Spec,
    WeightsSpec,
)

DIGEST = "0123456789abcdef" * 4


def model(**changes: Any) -> ModelSpec:
    return ModelSpec(**{"name": "net", "factory": "package.module:Net", "task": "denoising", **changes})


def weights(**changes: Any) -> WeightsSpec:
    return WeightsSpec(**{"tag": "photo-x4", "file": "package:w.safetensors", "sha256": DIGEST, **changes})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 3),
        ("factory", len),
        ("summary", None),
        ("task", ("denoising",)),
        ("licence", b"MIT"),
        ("scale", 2.0),
        ("scale", "4"),
        ("scale", True),
        ("channels", 3),
        ("channels", [3]),
        ("channels", ("3",)),
        ("channels", (True,)),
        ("min_size", None),
        ("multiple_of", 1.5),
        ("fixed_size", 64),
        ("fixed_size", (64, 6.4)),
        ("tiling", None),
        ("receptive_field", "80"),
        ("dtypes", "float32"),
        ("dtypes", (32,)),
        ("weights", [weights()]),
        ("weights", ("photo-x4",)),
    ],
)
def test_a_field_of_the_wrong_type_is_named(field, value):
    with pytest.raises(TypeError, match=rf"ModelSpec .*: {field} must be .*, not ") as caught:
        model(**{field: value})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tiling": "overlap"}, "tiling of 'net' must be one of"),
        ({"tiling": "exact", "receptive_field": 3, "stochastic": True}, "'net' is stochastic and declares exact"),
        ({"scale": 0}, "scale of 'net' must be at least 1, not 0"),
        ({"channels": (3, 0)}, "channels of 'net' must be at least 1"),
        ({"channels": ()}, "no number of channels"),
        ({"min_size": -1}, "min_size of 'net'"),
        ({"fixed_size": (64, 64, 3)}, r"fixed_size of 'net' must be \(height, width\)"),
        ({"receptive_field": 0, "tiling": "exact"}, "receptive_field of 'net'"),
        ({"dtypes": ("float64",)}, "dtypes of 'net' must be among"),
        ({"dtypes": ()}, "dtypes of 'net' must be among"),
        ({"weights": (weights(), weights())}, "'net' has two weights with the tag 'photo-x4'"),
        ({"summary": "two\nlines"}, "summary of 'net' must be one line"),
        ({"summary": "\x1b[31mred"}, "summary of 'net' must be one line"),
        ({"task": "denoising\x07"}, "task of 'net' must be one line"),
        ({"licence": "MIT\nand more"}, "licence of 'net' must be one line"),
    ],
)
def test_a_value_without_sense_is_told(changes, told):
    with pytest.raises(ValueError, match=told):
        model(**changes)


def test_what_flows_back_through_a_degradation():
    given = {"name": "round", "factory": "a.b:C"}
    assert DegradationSpec(**given, gradient="surrogate").differentiable
    with pytest.raises(ValueError, match="gradient of 'round' must be one of"):
        DegradationSpec(**given, gradient="approximate")
    with pytest.raises(ValueError, match="'round' has a surrogate gradient, so gradients flow: differentiable=True"):
        DegradationSpec(**given, gradient="surrogate", differentiable=False)


@pytest.mark.parametrize("name", ["srgan", "x", "mask-center", "tv_chambolle", "sr2x4-gan"])
def test_good_names(name):
    assert model(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", "SRGAN", "4x", "sr--gan", "-sr", "sr-", "sr gan", "a.b", "a:b", "a=b", "a|b", "é", "sr\n"]
)
def test_bad_names(name):
    """A dot parts the weights' tag, a colon the distribution, an equals sign options, a bar degradations."""
    with pytest.raises(ValueError, match="must be lower case words joined by hyphens"):
        model(name=name)


@pytest.mark.parametrize("factory", ["", "module", "module.Net", ":Net", "module:", "a:b:c", "a/b:c", "a..b:c", "1:c"])
def test_bad_factories(factory):
    with pytest.raises(ValueError, match="factory of 'net' must be an import string"):
        model(factory=factory)


@pytest.mark.parametrize(
    "changes",
    [
        {"tag": "Photo"},
        {"tag": "a.b"},
        {"sha256": DIGEST.upper()},
        {"sha256": DIGEST[1:]},
        {"file": "w.safetensors"},
        {"file": "package:/etc/w.safetensors"},
        {"file": "package:../w.safetensors"},
        {"file": "package:w.pth"},
        {"file": "C:\\w.safetensors"},
        {"card": "package:../../card.md"},
        {"card": "card.md"},
    ],
)
def test_bad_weights(changes):
    with pytest.raises(ValueError, match=r"weights|sha256"):
        weights(**changes)
    with pytest.raises(TypeError, match="options"):
        weights(options={4: "scale"})


def test_descriptors_are_frozen_and_keyword_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        model().name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match="positional"):
        DegradationSpec("blur", "package.module:Blur")  # type: ignore[misc]


def test_a_plugin_may_add_fields_of_its_own():
    @dataclass(frozen=True, kw_only=True)
    class Annotated(ModelSpec):
        authors: tuple[str, ...] = ()
        year: float = 0.0

    assert Annotated(name="net", factory="a.b:C", task="t", year=2026.5).year == 2026.5


def test_the_defaults_are_the_careful_ones():
    spec = model()
    assert (spec.tiling, spec.dtypes, spec.scale, spec.channels) == ("forbidden", ("float32",), 1, (3,))


def test_every_hook_has_its_kind():
    assert {hook.removeprefix("restore_") for hook in HOOKS} == {
        "degradations",
        "models",
        "losses",
        "priors",
        "metrics",
        "recipes",
        "datasets",
        "protocols",
    }
    assert tuple(spec.kind for spec in HOOKS.values()) == KINDS
    assert all(issubclass(spec, Spec) for spec in HOOKS.values())
    assert PriorSpec(name="dcgan", factory="a.b:C", weights=(weights(),)).weights[0].tag == "photo-x4"


def network(**changes: Any) -> NetworkSpec:
    fields = {"name": "eyes", "url": "https://somewhere.invalid/eyes.pth", "sha256": DIGEST, "digest": DIGEST}
    return NetworkSpec(**{**fields, "layers": ("0", "2"), "known": 2, **changes})


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"name": "Eyes"}, ValueError, "network name 'Eyes'"),
        ({"url": "http://somewhere.invalid/eyes.pth"}, ValueError, "url of network 'eyes' must begin with https://"),
        ({"url": 3}, TypeError, "url must be str"),
        ({"sha256": DIGEST.upper()}, ValueError, "sha256 of network 'eyes'"),
        ({"digest": ""}, ValueError, "digest of network 'eyes'"),
        ({"url": ""}, ValueError, "network 'eyes' has no url: it needs no sha256"),
        ({"url": "", "sha256": "", "known": 1}, ValueError, "a digest of all of its layers"),
        ({"layers": ["0"]}, TypeError, "layers must be tuple"),
        ({"layers": ()}, ValueError, "covers 2 of 0 layers"),
        ({"known": 0}, ValueError, "covers 0 of 2 layers"),
        ({"known": 3}, ValueError, "covers 3 of 2 layers"),
        ({"known": True}, TypeError, "known must be int"),
        ({"known": 0, "digest": "", "layers": ()}, ValueError, "network 'eyes' has no layers"),
        ({"known": 0, "digest": "", "url": "", "sha256": ""}, ValueError, "a digest of all of its layers"),
        ({"further": ["5"]}, TypeError, "further must be tuple"),
        ({"further": ("5",)}, TypeError, "further must be tuple"),
        ({"further": (("5",),)}, TypeError, "further of network 'eyes' must be pairs of a layer and a shape"),
        ({"further": (("5", 3),)}, TypeError, "further of network 'eyes' must be pairs of a layer and a shape"),
        ({"summary": "two\nlines"}, ValueError, "summary of network 'eyes' must be one line"),
    ],
)
def test_bad_networks(changes, error, told):
    with pytest.raises(error, match=told):
        network(**changes)


@pytest.mark.parametrize("kind", [spec for spec in SPECS if spec not in (ModelSpec, ProtocolSpec)])
def test_components_of_every_kind_may_see_with_networks(kind):
    assert kind(name="sharp", factory="a.b:C", networks=(network(),)).networks[0].known == 2
    with pytest.raises(TypeError, match="networks must be"):
        kind(name="sharp", factory="a.b:C", networks=("eyes",))
    with pytest.raises(ValueError, match="'sharp' has two networks called 'eyes'"):
        kind(name="sharp", factory="a.b:C", networks=(network(), network(known=1)))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "give one of them"),
        ({"factory": "package.module:make", "file": "package:own.toml"}, "give one of them"),
        ({"factory": "package.module"}, "import string"),
        ({"file": "own.toml"}, "package:path.toml"),
        ({"file": "package:../own.toml"}, "package:path.toml"),
        ({"file": "package:own.json"}, "package:path.toml"),
    ],
)
def test_a_protocol_is_made_or_written(fields: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ProtocolSpec(name="own", **fields)


def test_both_ways_to_give_a_protocol() -> None:
    assert ProtocolSpec(name="own", file="package:folder/own.toml").factory == ""
    assert ProtocolSpec(name="own", factory="package.module:make").file == ""


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        (LossSpec, {"needs": "target"}, r"needs must be tuple\[str, \.\.\.\]"),
        (LossSpec, {"needs": ("mask",)}, "needs of 'x' must be among"),
        (LossSpec, {"at_equality": "none"}, "at_equality of 'x' must be one of"),
        (LossSpec, {"at_equality": "zero", "needs": ()}, "'x' needs no target and says"),
        (LossSpec, {"minimum": "0"}, r"minimum must be float \| None"),
        (LossSpec, {"minimum": True}, r"minimum must be float \| None"),
        (LossSpec, {"minimum": float("nan")}, "values of 'x' cannot lie between nan and None"),
        (LossSpec, {"maximum": float("nan")}, "values of 'x' cannot lie between None and nan"),
        (LossSpec, {"minimum": 1, "maximum": 0.5}, "values of 'x' cannot lie between 1 and 0.5"),
        (MetricSpec, {"compares": "words"}, "compares of 'x' must be one of"),
        (MetricSpec, {"identity": "inf"}, r"identity must be float \| None"),
        (MetricSpec, {"identity": float("nan")}, "identity of 'x' must be a number"),
        (MetricSpec, {"symmetric": 1}, "symmetric must be bool"),
    ],
)
def test_what_losses_and_metrics_declare_must_make_sense(kind, changes, told):
    with pytest.raises((TypeError, ValueError), match=told):
        kind(name="x", factory="a:b", **changes)
    kind(name="x", factory="a:b")


def blend(**changes: Any) -> BlendSpec:
    return BlendSpec(**{"option": "fidelity", "towards": "net.psnr-x4", **changes})


def test_an_option_that_moves_weights():
    assert weights(blend=blend(towards="restore-toolkit:net.psnr-x4")).blend.option == "fidelity"
    for option in ("", "fide-lity", "device", "weights"):
        with pytest.raises(ValueError, match="no free name for an argument"):
            blend(option=option)
    for towards in ("net", "net.", ".psnr", "Net.psnr", "net:psnr"):
        with pytest.raises(ValueError, match=r"goes towards weights 'model\.tag'"):
            blend(towards=towards)
    with pytest.raises(ValueError, match="'scale' of weights 'photo-x4' is an option of the network already"):
        weights(blend=blend(option="scale"), options={"scale": 4})
    with pytest.raises(ValueError, match="one line of printable text"):
        blend(summary="two\nlines")
    with pytest.raises(TypeError, match="blend must be BlendSpec"):
        weights(blend="net.psnr-x4")
