"""The digit critics of CoGAN: two networks that become one on the way to their judgement, and read digits there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from restore.errors import InputError, UsageError
from restore_cogan.generator import as_the_authors

LAYERS = 4
SHAPE = (1, 28, 28)
FEATURES = 500


class CriticPair(nn.Module):
    """Two critics whose last layers are one.

    Two convolutions with pooling (no rectifier between, as in the authors' code), a dense layer, and one to a logit.
    That logit is the difference of the two of the authors' softmax, so the loss is the same.

    Args:
        tied: how many layers the two have in common, counted from the judgement: 3 as the paper; 0: none.
        dropout: share of the features that the judgement does without, in training.
        classes: that a head on the features tells apart, of both domains; 0: there is none.

    Raises:
        UsageError: no such number of layers, share or classes.
    """

    def __init__(self, tied: int = LAYERS - 1, dropout: float = 0.0, classes: int = 0) -> None:
        super().__init__()
        if not 0 <= tied < LAYERS:
            raise UsageError(
                f"critics of {LAYERS} layers cannot have {tied} in common",
                f"critic_tied is 0 to {LAYERS - 1}: the first is each domain's own",
            )
        if not 0 <= dropout < 1 or classes < 0 or classes == 1:
            raise UsageError(
                f"no critic has dropout={dropout:g} and classes={classes}",
                "dropout lies in [0, 1); classes are 2 or more, or 0 for none",
            )
        parting = min(LAYERS - tied, LAYERS - 1)
        self.own = nn.ModuleList(nn.Sequential(*_layers()[:parting]) for _ in range(2))
        self.shared = nn.Sequential(*_layers()[parting:])
        self.dropout = nn.Dropout(dropout)
        self.judgements = nn.ModuleList(nn.Linear(FEATURES, 1) for _ in range(1 if tied else 2))
        self.classifier = nn.Linear(FEATURES, classes) if classes else None
        self.apply(as_the_authors)

    def features(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the features ``(n, 500)`` of images of each domain; what is shared is passed once, by all of them.

        Args:
            first: ``(n, 1, 28, 28)`` in [0, 1].
            second: likewise, as many or not.

        Raises:
            InputError: images of another shape.
        """
        together = self.shared(torch.cat([self._enter(first, 0), self._enter(second, 1)]))
        return together[: len(first)], together[len(first) :]

    def features_of(self, image: Tensor, domain: int) -> Tensor:
        """Return the features of images of domain 0 or 1 alone. Raises InputError."""
        found: Tensor = self.shared(self._enter(image, domain))
        return found

    def judge(self, features: Tensor, domain: int) -> Tensor:
        """Return logits ``(n,)`` of features, higher for likelier images."""
        logits: Tensor = self.judgements[domain % len(self.judgements)](self.dropout(features))
        return logits.flatten()

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of images of each domain. Raises InputError."""
        of_first, of_second = self.features(first, second)
        return self.judge(of_first, 0), self.judge(of_second, 1)

    def classify(self, features: Tensor) -> Tensor:
        """Return logits ``(n, classes)`` of features. Raises UsageError where there is no classifier."""
        if self.classifier is None:
            raise UsageError("this critic tells no classes apart", "train with cogan-digits")
        logits: Tensor = self.classifier(self.dropout(features))
        return logits

    def _enter(self, image: Tensor, domain: int) -> Tensor:
        if image.shape[1:] != SHAPE:
            raise InputError(
                f"a critic of digits {SHAPE} cannot judge {tuple(image.shape[1:])}",
                "resize them; in a search whose degradation changes the shape, give its loss as terms",
            )
        entered: Tensor = self.own[domain](image)
        return entered


def _layers() -> list[nn.Module]:
    """From the image to the features."""
    return [
        nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)),
        nn.Sequential(nn.Flatten(), nn.Linear(50 * 4 * 4, FEATURES), nn.PReLU()),
    ]
