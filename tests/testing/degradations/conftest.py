"""Degradations of a test module under check."""

from __future__ import annotations

import pytest
import torch

from restore.plugin import DegradationSpec
from restore.testing import CheckFailed
from restore.testing.degradations import CHECKS


@pytest.fixture
def subject_with(subject_of):
    """Make a subject of a class and what its descriptor declares."""

    def make(factory, **declared):
        source = f"{factory.__module__}:{factory.__qualname__}"
        return subject_of(DegradationSpec(name="planted", factory=source, **declared))

    return make


@pytest.fixture
def found_by(subject_with):
    """Return the text of the failure that a check finds."""

    def run(check, factory, **declared):
        [chosen] = [one for one in CHECKS if one.name == check]
        with torch.random.fork_rng(devices=[]), pytest.raises(CheckFailed) as caught:
            chosen(subject_with(factory, **declared))
        return str(caught.value)

    return run
