"""Every error that the toolkit raises on purpose.

Each carries the cure beside the complaint, and the exit code the command line ends with:

    RestoreError                    1
    ├── InputError                  1   an image or a file that cannot be used
    ├── UsageError                  2   an option, a value or a combination that makes no sense
    ├── PluginError                 3   a plugin or a component that is missing, broken or ambiguous
    │   └── UnknownNameError        3
    ├── WeightsError                4   weights that are missing, offline or not what their hash says
    │   └── DamagedWeightsError     4   of these, the ones that are there and are not what they should be
    └── DeviceError                 5   a device that is absent, or memory that does not suffice
"""

from __future__ import annotations

from typing import ClassVar

INTERRUPTED = 130
"""The exit code of what its user interrupts, which is no error."""


class RestoreError(Exception):
    """An error with a message for people and, where one exists, its cure."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message, cure)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message}\n  {self.cure}" if self.cure else self.message


class InputError(RestoreError):
    """An input that cannot be used: corrupt, empty, too large, of the wrong shape or type."""


class UsageError(RestoreError):
    """A call that makes no sense: an unknown or ill-typed option, two options that contradict."""

    exit_code = 2


class PluginError(RestoreError):
    """A plugin, or a component of one, that is missing, broken or ambiguous."""

    exit_code = 3


class UnknownNameError(PluginError):
    """A name that no installed plugin offers."""


class WeightsError(RestoreError):
    """Weights that are missing, cannot be fetched, or are not what their hash says."""

    exit_code = 4


class DamagedWeightsError(WeightsError):
    """Weights that are there, but damaged or others than are meant: nothing should be computed with them."""


class DeviceError(RestoreError):
    """A device that is absent, or whose memory does not suffice."""

    exit_code = 5
