"""How many digits are read right, and how many would be if digits had changed their names between the domains."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]
from torch import Tensor

from restore_cogan.prior import CoGAN

PORTION = 500
COLLAPSE = 0.1
"""By how much another assignment of names must be better for a collapse: two digits of ten that changed places are
worth twice that."""


@torch.inference_mode()
def classified(prior: CoGAN, images: Tensor, name: str) -> Tensor:
    """Return the classes ``(N,)`` of images of a domain, uint8 ``(N, 1, 28, 28)``, by a prior that has classes."""
    device, view = next(prior.parameters()).device, prior.showing(name)
    portions = torch.split(images, PORTION)
    return torch.cat([view.classify(portion.to(device) / 255.0).argmax(1).cpu() for portion in portions])


def accuracy(found: Tensor, labels: Tensor) -> float:
    """Return the share of labels ``(N,)`` that were found."""
    return float((found == labels).double().mean())


def relabelled(found: Tensor, labels: Tensor) -> float:
    """Return the accuracy under the best one-to-one renaming of the classes that were found.

    Nothing but tied layers makes a 3 of one domain a 3 of the other. Where a CoGAN learns a permutation instead, this
    stays high while the accuracy falls.
    """
    count = int(torch.cat([found, labels]).max()) + 1
    confusion = torch.bincount(found * count + labels, minlength=count**2).view(count, count)
    rows, columns = linear_sum_assignment(confusion.numpy(), maximize=True)
    return float(confusion[rows, columns].sum()) / len(labels)


def collapsed(found: Tensor, labels: Tensor) -> bool:
    """Whether digits changed their names between the domains, which counts as a collapse."""
    return relabelled(found, labels) - accuracy(found, labels) >= COLLAPSE


def scored(found: Tensor, labels: Tensor) -> dict[str, float | bool]:
    """Return ``accuracy``, ``relabelled`` and ``collapsed`` of classes that were found."""
    return {
        "accuracy": accuracy(found, labels),
        "relabelled": relabelled(found, labels),
        "collapsed": collapsed(found, labels),
    }
