"""Subjects made of a descriptor whose factory lies in the test module: ``factory=f"{__name__}:Good"``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from restore.plugin import Spec
from restore.registry import Component, PluginRecord
from restore.testing.subject import Subject

SubjectOf = Callable[..., Subject]


@pytest.fixture(scope="session")
def subject_of() -> SubjectOf:
    """Make a subject: ``subject_of(spec, **options)``; ``plugin`` is the record of what offers it."""

    def make(spec: Spec, *, plugin: PluginRecord | None = None, **options: Any) -> Subject:
        record = plugin or PluginRecord(name="tests", distribution="restore-tests", version="1.0", module="tests")
        return Subject(component=Component(spec=spec, plugin=record), options=options)

    return make
