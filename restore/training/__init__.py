"""Training: a recipe says what to optimise, the loop does it, and what comes out is weights with a card."""

from restore.training.loop import train
from restore.training.recipe import Batch, Phase, Recipe

__all__ = ["Batch", "Phase", "Recipe", "train"]
