"""Unsupervised domain adaptation: images of one domain have labels, and those of another are to be read."""

from restore.adaptation.contract import Adapts, Classifies
from restore.adaptation.engine import adapt
from restore.adaptation.predictor import Adapted

__all__ = ["Adapted", "Adapts", "Classifies", "adapt"]
