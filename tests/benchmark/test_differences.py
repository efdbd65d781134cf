"""In which fields two records differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from restore.benchmark.differences import differences

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
RECORDS = st.dictionaries(
    st.text(max_size=3),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)),
    max_size=4,
)


def test_fields_are_named_by_their_path():
    assert differences({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 4}, "e": 5}) == [
        ("b.c", 2, 4), ("b.d", 3, None), ("e", None, 5),
    ]  # fmt: skip


def test_items_of_lists_are_named_by_their_number():
    one, two = {"a": [{"b": 1, "c": [1, 2]}]}, {"a": [{"b": 2, "c": [1]}, {"b": 3}]}
    assert differences(one, two) == [("a.0.b", 1, 2), ("a.0.c.1", 2, None), ("a.1", None, {"b": 3})]
    assert differences({"a": []}, {"a": None}) == [("a", [], None)]


@given(RECORDS)
def test_nothing_differs_from_itself(record):
    assert differences(record, record) == []
