"""What a component has to tell reaches whoever asked: a report, or the warnings of Python."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from restore import RestoreWarning, notices
from restore.contracts import Model
from restore.plugin import ModelSpec
from restore.runtime import Restorer


class Worried(Model):
    """Returns the image, and warns of dark ones, once a call."""

    def forward(self, observation):
        if observation.image.mean() < 0.5:
            notices.warn("the image is dark", "light it")
            notices.warn("the image is dark", "light it")
        return observation.image


@pytest.fixture
def restorer():
    spec = ModelSpec(name="worried", factory="tests.none:Worried", task="test", channels=(1, 3))
    return Restorer(Worried(), spec, device=torch.device("cpu"), precision="float32")


DARK, BRIGHT = (np.full((8, 8), level, np.uint8) for level in (10, 200))


def test_the_report_of_the_image_has_it_once(restorer):
    assert restorer.restore(DARK).report.warnings == ("the image is dark; light it",)
    assert restorer.restore(BRIGHT).report.warnings == ()
    assert [outcome.report.warnings for outcome in restorer.map([BRIGHT, DARK])] == [
        (),
        ("the image is dark; light it",),
    ]


def test_a_call_returns_the_image_and_warns_as_python_does(restorer):
    with pytest.warns(RestoreWarning, match="the image is dark; light it"):
        assert np.array_equal(restorer(DARK), DARK)


def test_where_nobody_listens_python_warns():
    with pytest.warns(RestoreWarning, match="^alone$"):
        notices.warn("alone")


def test_a_listener_hears_its_own_thread_and_the_innermost_block():
    def elsewhere():
        with notices.listening() as theirs:
            notices.warn("there")
        heard.append(theirs)

    heard: list[list[str]] = []
    with notices.listening() as outer:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with notices.listening() as inner:
            notices.warn("inner")
        notices.warn("outer")
    assert (outer, inner, heard) == (["outer"], ["inner"], [["there"]])
