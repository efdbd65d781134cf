"""What recipes of domain adaptation have in common: critics that read the first domain's labels as well."""

from __future__ import annotations

from typing import Any

from restore.training.numbers import check_number
from restore_cogan.coupled import CoupledRecipe


class ReadingRecipe(CoupledRecipe):
    """Coupled training whose critics' features feed a classifier, as the authors' code for adaptation trains it.

    Args:
        steps: optimisation steps of each pair of networks.
        batch_size: images a step, of each domain.
        dropout: share of a critic's features that judgement and classifier do without.
        classification: weight of the cross-entropy of the labels; the paper's release has 0.5.
        consistency: weight of the squared distance between the features of a generated pair.
        affine: strength of random turns, shears, scalings and shifts of the images; 1: up to 15 degrees, 15 degrees,
            15 % and 2 pixels; 0: none, as the paper.
    """

    def __init__(
        self,
        steps: int = 10_000,
        batch_size: int = 64,
        dropout: float = 0.0,
        classification: float = 10.0,
        consistency: float = 0.01,
        affine: float = 0.0,
        **options: Any,
    ) -> None:
        check_number("classification", classification, least=0)
        check_number("affine", affine, least=0, below=3)
        self.classification, self.affine = classification, affine
        super().__init__(steps=steps, batch_size=batch_size, dropout=dropout, consistency=consistency, **options)
