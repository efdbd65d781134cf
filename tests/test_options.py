"""Options are the keyword arguments of a factory: read from text, checked, explained."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.errors import UsageError
from restore.options import check, describe, parameters, parse, parse_pairs, take_weights


class Net:
    """A network.

    Args:
        scale: output side over
            input side.
        border: what lies beyond, ``a: b``.

    Raises:
        ValueError: never.
    """

    def __init__(
        self, scale: int, border: Literal["zero", "mirror"] = "zero", *, size: tuple[int, int] = (8, 8)
    ) -> None:
        self.options = (scale, border, size)


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("bicubic", "bicubic", {}),
        ("bicubic:scale=4", "bicubic", {"scale": "4"}),
        (" jpeg : quality=60 , subsampling=4:2:0 ", "jpeg", {"quality": "60", "subsampling": "4:2:0"}),
        ("restore-x:dncnn", "restore-x:dncnn", {}),
        ("restore-x:dncnn:sigma=0.1", "restore-x:dncnn", {"sigma": "0.1"}),
        ("net:a-b=1", "net", {"a_b": "1"}),
        ("net:formula=a=b", "net", {"formula": "a=b"}),
        ("net:empty=", "net", {"empty": ""}),
        ("net:box=8,16,64,64", "net", {"box": "8,16,64,64"}),
        ("net:a=b,box=8, -16 ,.5,1e3,c=4", "net", {"a": "b", "box": "8, -16 ,.5,1e3", "c": "4"}),
    ],
)
def test_parse(text, name, options):
    assert parse(text) == (name, options)


@pytest.mark.parametrize(
    "text", ["net:a=1,b", "net:a=1,,b=2", "net:=4", "net:a=1,a=2", "net:a-b=1,a_b=2", "net:a=b,2nd"]
)
def test_what_cannot_be_parsed(text):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.cure


@given(st.dictionaries(st.from_regex("[a-z_]{1,9}", fullmatch=True), st.from_regex("[0-9a-z.+:]{0,9}", fullmatch=True)))
def test_pairs_come_back(options):
    assert parse_pairs(f"{key}={value}" for key, value in options.items()) == options


def test_text_becomes_the_types_of_the_factory():
    checked = check("net", Net, {"scale": "4", "border": "mirror", "size": "64x48"})
    assert Net(**checked).options == (4, "mirror", (64, 48))


@pytest.mark.parametrize(
    ("given_options", "told", "cure"),
    [
        (
            {"scale": 2, "borde": "zero"},
            "net has no option 'borde'",
            "did you mean 'border'? its options are: scale, border",
        ),
        (
            {"scale": "two"},
            "net: option scale must be a whole number, not 'two'",
            "scale: output side over input side.",
        ),
        (
            {"scale": 2, "border": "miror"},
            "net: option border must be zero | mirror, not 'miror'; did you mean 'mirror'?",
            "border: what lies beyond, a: b.",
        ),
        ({"scale": 2, "size": "8,6,4"}, "net: option size must be 2 whole numbers joined by commas, not '8,6,4'", ""),
        ({"scale": "2", "steps": "5"}, "net has no option 'steps'", "all that stands behind net: belongs to it"),
        ({}, "net needs the option 'scale'", "write net:scale=..."),
    ],
)
def test_wrong_options_are_told_with_a_suggestion(given_options, told, cure):
    with pytest.raises(UsageError) as caught:
        check("net", Net, given_options)
    assert told in caught.value.message
    assert cure in caught.value.cure


def test_the_docstring_explains_the_options():
    scale, border, size = describe(Net)
    assert (scale.name, scale.type, scale.required) == ("scale", "int", True)
    assert scale.description == "output side over input side."
    assert border.description == "what lies beyond, ``a: b``."
    assert (border.default, border.type, border.required) == ("zero", "zero | mirror", False)
    assert (size.type, size.description) == ("int+int", "")


def test_weights_are_taken_out_of_the_options():
    options = {"scale": "4", "weights": "net.pth"}
    assert take_weights(options) == "net.pth"
    assert options == {"scale": "4"}
    assert take_weights(options) is None
    assert take_weights(options, "own.pth") == "own.pth"
    with pytest.raises(UsageError, match=r"two weights files are named, net\.pth and own\.pth"):
        take_weights({"weights": "net.pth"}, "own.pth")


def test_any_callable_is_a_factory():
    def make(sigma: float = 0.1, **rest: int) -> float:
        return sigma

    @dataclass
    class Record:
        sigma: float = 0.2

    for factory in (make, functools.partial(make, sigma=0.3), Record):
        assert [o.name for o in describe(factory)] == ["sigma"]
        assert check("make", factory, {"sigma": "0.5"}) == {"sigma": 0.5}
    with pytest.raises(UsageError, match="has no option 'strength'"):
        check("make", make, {"strength": 1})


class Base:
    """What others build on.

    Args:
        width: of the layers.
        depth: how many layers.
    """

    def __init__(self, channels: int, width: int = 8, depth: int = 2, lambda_: float = 0.5) -> None:
        self.options = (channels, width, depth, lambda_)


class Deeper(Base):
    """More layers.

    Args:
        from_: where to begin.
        depth: how many layers, two and more.
    """

    def __init__(self, from_: Literal["left", "right"] = "left", depth: int = 4, **options: float) -> None:
        super().__init__(3, depth=depth, **options)
        self.start = from_


def test_options_that_are_passed_on_are_those_of_the_base():
    told = {option.name: (option.type, option.default, option.description) for option in describe(Deeper)}
    assert told == {
        "from": ("left | right", "left", "where to begin."),
        "depth": ("int", 4, "how many layers, two and more."),
        "width": ("int", 8, "of the layers."),
        "lambda": ("float", 0.5, ""),
    }
    assert [option.name for option in describe(Base)] == ["channels", "width", "depth", "lambda"]


def test_what_python_reserves_can_be_the_name_of_an_option():
    assert parse_pairs(["from=left,width=6"]) == {"from": "left", "width": "6"}
    for name in ("from", "from_"):
        chosen = check("net", Deeper, {name: "right", "width": "6", "lambda": "1"})
        assert chosen == {"from": "right", "width": 6, "lambda": 1.0}
        made = Deeper(**parameters(chosen))
        assert (made.start, made.options) == ("right", (3, 6, 4, 1.0))
    with pytest.raises(UsageError, match="net has no option 'class'"):
        check("net", Deeper, {"class": 1})


@pytest.mark.parametrize(
    ("pairs", "options"),
    [
        (["from=mnist,to=edge"], {"from": "mnist", "to": "edge"}),
        (["a=1, b=2", "c=3 , d = 4"], {"a": "1", "b": "2", "c": "3", "d": "4"}),
        (["terms=free, and more,5"], {"terms": "free, and more,5"}),
        (["box=1,2,3,4,b-c=5"], {"box": "1,2,3,4", "b_c": "5"}),
        (["a=1,prior=dcgan:width=64,latent=100", "b=2"], {"a": "1", "prior": "dcgan:width=64,latent=100", "b": "2"}),
    ],
)
def test_pairs_may_stand_in_one_text(pairs, options):
    assert parse_pairs(pairs) == options


def test_a_compiled_factory_without_a_signature_has_no_options():
    assert describe(dict) == []
    with pytest.raises(UsageError, match="has no option 'scale'"):
        check("net", dict, {"scale": 4})


def test_an_annotation_that_cannot_be_resolved_leaves_the_others_alone():
    def make(odd: Absent = None, sigma: float = 0.1) -> None:  # type: ignore[name-defined] # noqa: F821
        """Make nothing."""

    assert check("make", make, {"odd": "as it is", "sigma": "1"}) == {"odd": "as it is", "sigma": 1.0}
