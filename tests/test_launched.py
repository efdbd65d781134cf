"""Which of several processes this is: one answer, and none where the environment is not whole."""

from __future__ import annotations

import pytest

from restore.cli import several
from restore.errors import UsageError
from restore.launched import NAMES, Place, launched


@pytest.fixture
def told(monkeypatch):
    """Set the environment as a launcher does."""

    def tell(**values):
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return tell


def test_whoever_is_told_nothing_is_alone(told):
    told()
    assert launched() == Place(index=0, local=0, count=1)
    assert not several.are_running(2)


def test_torchrun_on_the_second_of_two_machines(told):
    told(RANK="5", LOCAL_RANK="1", WORLD_SIZE="8")
    assert launched() == Place(index=5, local=1, count=8)
    assert several.are_running(8)


@pytest.mark.parametrize(
    "values",
    [
        {"WORLD_SIZE": "2"},
        {"RANK": "0", "WORLD_SIZE": "2"},
        {"RANK": "2", "LOCAL_RANK": "0", "WORLD_SIZE": "2"},
        {"RANK": "0", "LOCAL_RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "-1", "LOCAL_RANK": "0", "WORLD_SIZE": "2"},
        {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "two"},
        {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "0"},
        {"RANK": "", "LOCAL_RANK": "", "WORLD_SIZE": ""},
    ],
)
def test_half_a_place_is_refused(told, values):
    told(**values)
    for ask in (launched, lambda: several.are_running(2)):
        with pytest.raises(UsageError, match="places no process") as caught:
            ask()
        assert f"unset {' '.join(values)}" in caught.value.cure
