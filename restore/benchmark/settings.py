"""What a run of the benchmark is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from restore.benchmark.protocol import Protocol


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is run.

    Args:
        protocol: how it is measured.
        models: as ``line_up`` takes them; the protocol's baselines are added.
        data: folder of data sets, or of images.
        output: folder of the run: ledger, images, results and report.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, or one for all models.
        limit: take the first so many images of each data set.
        repeats: how often each image is restored for its time; the median counts.
        batch: images of one shape that follow each other go through a model together, at most so many. Models that
            draw at random, or are told each image's degradation, restore each alone.
        command: what is recorded as the command.
    """

    protocol: Protocol
    models: tuple[str, ...]
    data: Path
    output: Path
    device: str = "auto"
    precision: str = "auto"
    limit: int | None = None
    repeats: int = 1
    batch: int = 1
    command: tuple[str, ...] = ()
