"""The demonstration: photographs degraded, restored, measured and shown side by side."""

from restore.demo.sheet import draw
from restore.demo.trial import METHODS, PHOTOGRAPHS, SCALE, Trial, trials

__all__ = ["METHODS", "PHOTOGRAPHS", "SCALE", "Trial", "draw", "trials"]
