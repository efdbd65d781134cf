"""Readers of digits that know labels of one domain: without adaptation, and by aligned covariances (CORAL)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.training.data import generator as randomness
from restore_cogan.coupled import decayed
from restore_cogan.critic import CriticPair
from restore_cogan.warping import warped

PORTION = 500


def source_only(
    images: Tensor, labels: Tensor, *, steps: int, affine: float, seed: int, device: torch.device
) -> CriticPair:
    """Return CoGAN's reader, trained on labelled digits alone: Adam, 1e-3, batches of 64, the same weight decay.

    Args:
        images: uint8 ``(N, 1, 28, 28)``.
        labels: ``(N,)`` from 0 to 9.
        steps: optimisation steps.
        affine: strength of random transforms of the digits, as the recipe has it.
        seed: of weights and batches.
        device: where it is trained, and stays.
    """
    torch.manual_seed(seed)
    reader = CriticPair(classes=10).to(device)
    optimizer = torch.optim.Adam(decayed(reader.parameters(), 5e-4), lr=1e-3)
    for step in range(1, steps + 1):
        rng = randomness(seed, step)
        chosen = torch.from_numpy(rng.integers(len(images), size=64))
        batch = warped(images[chosen] / 255.0, affine, rng) if affine else images[chosen] / 255.0
        features = reader.features_of(batch.to(device), 0)
        loss = F.cross_entropy(reader.classify(features), labels[chosen].to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return reader.eval().requires_grad_(False)


@torch.inference_mode()
def features(reader: CriticPair, images: Tensor) -> Tensor:
    """Return the features ``(N, 500)`` of digits, uint8, on the CPU in float64."""
    device = next(reader.parameters()).device
    portions = torch.split(images, PORTION)
    return torch.cat([reader.features_of(portion.to(device) / 255.0, 0).cpu() for portion in portions]).double()


class Coral:
    """Features of one domain with the covariance of the other's, and a linear classifier on them.

    Sun, Feng and Saenko, "Return of Frustratingly Easy Domain Adaptation", AAAI 2016, algorithm 1: both sets are
    standardised, the source is whitened by its covariance plus the identity and coloured by the target's.

    Args:
        source: ``(N, D)`` float64.
        labels: ``(N,)``.
        target: ``(M, D)``, without labels.
    """

    def __init__(self, source: Tensor, labels: Tensor, target: Tensor) -> None:
        self.mean, self.deviation = target.mean(0), _deviation(target)
        source = (source - source.mean(0)) / _deviation(source)
        self.weight = _logistic(aligned(source, self._standardised(target)), labels)

    def __call__(self, features: Tensor) -> Tensor:
        """Return the classes ``(n,)`` of the target's features ``(n, D)``."""
        return _with_one(self._standardised(features)).matmul(self.weight).argmax(1)

    def _standardised(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation


def aligned(source: Tensor, target: Tensor) -> Tensor:
    """Return the source's features ``(N, D)``, whitened and coloured by the target's covariance."""
    return source @ _power(_covariance(source), -0.5) @ _power(_covariance(target), 0.5)


def _deviation(features: Tensor) -> Tensor:
    return features.std(0).clamp(min=1e-6)


def _covariance(features: Tensor) -> Tensor:
    return features.T.cov() + torch.eye(features.shape[1], dtype=features.dtype)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0) ** exponent) @ vectors.T


def _with_one(features: Tensor) -> Tensor:
    return torch.cat([features, features.new_ones(len(features), 1)], 1)


def _logistic(features: Tensor, labels: Tensor, ridge: float = 1e-3) -> Tensor:
    """Return the weights ``(D + 1, classes)`` of a logistic regression with a ridge, by L-BFGS."""
    shown = _with_one(features)
    weight = shown.new_zeros(shown.shape[1], int(labels.max()) + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=200, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(shown @ weight, labels) + ridge * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(objective)  # type: ignore[no-untyped-call]
    return weight.detach()
