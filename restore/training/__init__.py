"""Training: a recipe says what to optimise, the loop does it, and what comes out is weights with a card."""

from restore.contracts import Batch, Phase, Progress, Recipe
from restore.training.loop import train
from restore.training.settings import Result, Settings
from restore.training.supervised import Supervised

__all__ = ["Batch", "Phase", "Progress", "Recipe", "Result", "Settings", "Supervised", "train"]
