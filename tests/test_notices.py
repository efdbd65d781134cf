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

    heard: list[list[notices.Notice]] = []
    with notices.listening() as outer:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with notices.listening() as inner:
            notices.warn("inner")
        notices.warn("outer")
    assert [[notice.text for notice in told] for told in (outer, inner, *heard)] == [["outer"], ["inner"], ["there"]]


class Particular(Model):
    """Returns the images, and warns of those that are dark, by their rows; memory suffices for so many of them."""

    def __init__(self, most=99):
        super().__init__()
        self.most = most

    def forward(self, observation):
        for row, image in enumerate(observation.image):
            if image.mean() < 0.5:
                notices.warn(f"dark: {float(image.mean()):.3f}", row=row)
        notices.warn("for all")
        if len(observation.image) > self.most:
            raise MemoryError
        return observation.image


@pytest.mark.parametrize("most", [99, 2, 1])
@pytest.mark.parametrize("channels", [(1, 3), (1,), (3,)])
def test_each_image_of_a_batch_has_what_was_told_of_it(most, channels):
    spec = ModelSpec(name="particular", factory="tests.none:Particular", task="test", channels=channels)
    restorer = Restorer(Particular(most), spec, device=torch.device("cpu"), precision="float32")
    images = [np.full((8, 8, 3), level, np.uint8) for level in (200, 51, 102, 250, 0)]
    told = [outcome.report.warnings for outcome in restorer.map(images, batch_size=5)]
    own = [set(warnings) - {"for all"} for warnings in told]
    assert own == [set(), {"dark: 0.200"}, {"dark: 0.400"}, set(), {"dark: 0.000"}]
    assert all("for all" in warnings for warnings in told)


def test_a_tensor_of_several_images_beside_another():
    spec = ModelSpec(name="particular", factory="tests.none:Particular", task="test", channels=(1, 3))
    restorer = Restorer(Particular(), spec, device=torch.device("cpu"), precision="float32")
    first, second = torch.tensor([0.9, 0.2]).view(2, 1, 1, 1), torch.tensor([0.8, 0.7]).view(2, 1, 1, 1)
    batches = [level.expand(2, 3, 8, 8) for level in (second, first)]
    told = [outcome.report.warnings for outcome in restorer.map(batches, batch_size=2)]
    assert told == [("for all",), ("dark: 0.200", "for all")]


def test_where_nobody_listens_the_row_is_named():
    with pytest.warns(RestoreWarning, match="^image 2 of the batch: dark; light it$"):
        notices.warn("dark", "light it", row=1)
