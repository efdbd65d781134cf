"""Text becomes the type that an annotation names, or an error says what it must be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.values import as_json, as_text, convert, type_name

Border = Literal["symmetric", "replicate"]
FIT = [
    ("4", int, 4),
    (" 4 ", int, 4),
    ("-3", int, -3),
    (4, int, 4),
    (np.int64(4), int, 4),
    ("0.5", float, 0.5),
    ("1e-3", float, 0.001),
    ("inf", float, float("inf")),
    (1, float, 1.0),
    ("7", float, 7.0),
    ("true", bool, True),
    ("Yes", bool, True),
    ("1", bool, True),
    ("off", bool, False),
    ("0", bool, False),
    (True, bool, True),
    ("text", str, "text"),
    ("", str, ""),
    ("4", str, "4"),
    ("replicate", Border, "replicate"),
    ("2", Literal[2, 4], 2),
    (2, Literal[2, 4], 2),
    ("none", Literal["a", None], None),
    ("none", float | None, None),
    ("0.5", float | None, 0.5),
    ("None", int | None, None),
    ("", None | int, None),
    ("", str | None, ""),
    ("none", str | None, None),
    ("3", int | str, 3),
    ("three", int | str, "three"),
    ("true", bool | float, True),
    ("2.0", int | float, 2.0),
    ("64x48", tuple[int, int], (64, 48)),
    ("64+48", tuple[int, int], (64, 48)),
    ([64, 48], tuple[int, int], (64, 48)),
    ("8,16, 64,48", tuple[int, int, int, int], (8, 16, 64, 48)),
    ("-8,-16", tuple[int, int], (-8, -16)),
    ("a,b", tuple[str, ...], ("a,b",)),
    ("5", tuple[int, ...], (5,)),
    (5, tuple[int, ...], (5,)),
    ("1+2+3", list[int], [1, 2, 3]),
    ("1+2", Sequence[int], (1, 2)),
    ("0.1+0.9", tuple[float, float], (0.1, 0.9)),
    ("x+max", tuple[str, ...], ("x", "max")),
    ("max", list[str], ["max"]),
    ("a/b", Path, Path("a/b")),
    (Path("a"), Path, Path("a")),
    ("any text", Any, "any text"),
]


@pytest.mark.parametrize(("value", "annotation", "expected"), FIT)
def test_what_fits(value, annotation, expected):
    found = convert(value, annotation)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "told"),
    [
        ("2.5", int, "must be a whole number, not '2.5'"),
        (2.5, int, "must be a whole number"),
        (np.float32(2.5), int, "must be a whole number"),
        (True, int, "must be a whole number"),
        ("four", float, "must be a number, not 'four'"),
        ("nan", float, "must be a number"),
        (True, float, "a number"),
        (None, float, "must be a number"),
        ("9" * 5000, int, "must be a whole number"),
        ("maybe", bool, "must be true or false, not 'maybe'"),
        (2, bool, "must be true or false"),
        (4, str, "must be text, not 4"),
        ("symetric", Border, "did you mean 'symmetric'"),
        (True, Literal[1, 2], "must be 1 | 2, not True"),
        ("1.0", int | None, "must be a whole number or none, not '1.0'"),
        ("1+2+3", tuple[int, int], "must be 2 whole numbers joined by commas, not '1+2+3'"),
        ("1,2,3", tuple[int, int, int, int] | None, "must be 4 whole numbers joined by commas, or none, not '1,2,3'"),
        ("1,b", tuple[float, float], "must be 2 numbers joined by commas, not '1,b'"),
        ("1+b", tuple[int, str, int], "must be 3 values joined by +"),
        ("1+b", tuple[int, int], "must be 2 whole numbers joined by commas"),
        ("1+b", Sequence[int], "must be whole numbers joined by commas"),
        ("text", dict, "must be dict"),
        ("0", None, "must be none"),
    ],
)
def test_what_does_not_fit(value, annotation, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared as plain text
        convert(value, annotation)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (int, "int"),
        (str, "text"),
        (Path, "path"),
        (Border, "symmetric | replicate"),
        (float | None, "float | none"),
        (tuple[int, int], "int+int"),
        (tuple[float, ...], "float+..."),
        (Sequence[int], "int+..."),
        (Any, "any"),
    ],
)
def test_types_as_people_read_them(annotation, shown):
    assert type_name(annotation) == shown


finite = st.floats(allow_nan=False)
TYPED = st.one_of(
    st.tuples(st.integers(), st.just(int)),
    st.tuples(finite, st.just(float)),
    st.tuples(st.booleans(), st.just(bool)),
    st.tuples(st.none() | st.integers(), st.just(int | None)),
    st.tuples(st.sampled_from(["symmetric", "replicate"]), st.just(Border)),
    st.tuples(st.lists(st.integers(), min_size=1), st.just(list[int])),
    st.tuples(st.tuples(st.integers(0), st.integers(0)), st.just(tuple[int, int])),
)


@given(TYPED)
def test_a_value_written_as_text_reads_as_itself(typed):
    value, annotation = typed
    text = as_text(value)
    assert convert(text, annotation) == value
    assert convert(convert(text, annotation), annotation) == value


@given(st.text(), st.sampled_from([int, float, bool, tuple[int, int], list[float], Border, int | None]))
def test_any_text_converts_or_is_a_value_error(text, annotation):
    try:
        found = convert(text, annotation)
    except ValueError:
        return
    assert convert(as_text(found), annotation) == found


def test_json_has_values_as_they_are_or_as_people_write_them():
    value = (1, 0.5, True, None, "a", [2.0, float("inf")], Path("a/b"))
    assert as_json(value) == [1, 0.5, True, None, "a", [2.0, "inf"], "a/b"]
    json.dumps(as_json(value), allow_nan=False)
