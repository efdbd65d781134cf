"""Scores that need no folder of images: with a validation set and without, in the log and on the card."""

from __future__ import annotations

import pytest

from restore.training import train


@pytest.fixture
def scoring(doubling):
    class Scoring(doubling):
        validation_protocol = "distance from one, and the bias"

        def score(self, network):
            assert not network.training
            return {"distance": abs(1 - float(network[-1].bias))}

    return Scoring


def test_it_is_scored_without_a_folder(scoring, settings):
    result = train(scoring(), settings("run", validation=None))
    assert set(result.scores) == {"distance"}
    card = result.weights.with_suffix(".md").read_text("utf-8")
    assert f"- distance: {result.scores['distance']:.4f}" in card
    assert "distance from one" in card
    assert "Validation set" not in card
    assert '"validation/distance"' in (result.weights.parent / "log.jsonl").read_text("utf-8")


def test_a_folder_adds_to_it(scoring, settings):
    assert set(train(scoring(), settings("run")).scores) == {"distance", "bias"}


def test_who_has_none_is_not_scored(doubling, settings):
    result = train(doubling(), settings("run", validation=None))
    assert result.scores == {}
    assert "validation/" not in (result.weights.parent / "log.jsonl").read_text("utf-8")
