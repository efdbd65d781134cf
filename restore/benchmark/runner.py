"""Runs models over data sets under a protocol; it can be killed at any time and run again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from restore.benchmark import results, stages
from restore.benchmark.cases import Case, make_case
from restore.benchmark.contestants import Contestant, line_up
from restore.benchmark.datasets import Dataset, ImageFile, find_datasets
from restore.benchmark.grouping import alike, together
from restore.benchmark.kept import Kept
from restore.benchmark.ledger import Key, Ledger
from restore.benchmark.observer import Observer, Row, Silent
from restore.benchmark.pipeline import Behind, ahead, executor
from restore.benchmark.provenance import environment
from restore.benchmark.scoring import Pending, Scorer, reason_of
from restore.benchmark.settings import Settings
from restore.benchmark.timing import Clock, Timed
from restore.composition import build_degradation
from restore.errors import UsageError
from restore.runtime import Restorer
from restore.runtime.policy import choose_device

__all__ = ["Settings", "run"]

Item = tuple[Dataset, ImageFile]


def run(settings: Settings, observer: Observer | None = None) -> results.Results:
    """Run a benchmark, write ``results.json`` and the report, and return the result.

    What an earlier run in the folder has finished is not done again. An image or a model that fails costs its own
    rows, which say why.

    Raises:
        RestoreError: a name, an option, a device or a folder that cannot be used; a disk that refuses.
    """
    protocol = settings.protocol
    if not protocol.degradation:
        raise UsageError(
            f"protocol {protocol.id} only measures: it has no degradation to undo",
            "restore list protocols shows the others; restore metric compares files",
        )
    for name, number in (("number of repeats", settings.repeats), ("batch size", settings.batch)):
        if number < 1:
            raise UsageError(f"the {name} is {number}", "give a whole number from 1 on")
    device = choose_device(settings.device)
    datasets = find_datasets(settings.data, protocol.datasets, limit=settings.limit)
    contestants = line_up(protocol, settings.models, device=device, precision=settings.precision)
    scorer = Scorer(protocol, device)
    where = environment(device, settings.precision)
    degradation = stages.record(protocol.meant("degradation", protocol.degradation))
    if (settings.output / results.NAME).exists() and not (settings.output / "ledger.jsonl").exists():
        raise UsageError(
            f"{settings.output} holds results without the ledger of their run", "choose another folder with -o"
        )
    fields = {name: value for name, value in protocol.as_dict().items() if name != "summary"}
    identity = {"protocol": {**fields, "hash": protocol.hash}, "degradation": degradation, **where}
    with Ledger(settings.output, identity) as ledger:
        bench = Bench(settings=settings, device=device, scorer=scorer, ledger=ledger)
        head: results.Results = {
            "schema": results.SCHEMA,
            "created": ledger.created,
            "command": list(settings.command),
            "protocol": {
                "id": protocol.id, "hash": protocol.hash, "fields": protocol.as_dict(),
                "description": protocol.describe(),
            },
            "degradation": degradation,
            "environment": where,
            "metrics": scorer.record(),
            "datasets": [dataset.record() for dataset in datasets],
            "models": [contestant.record() for contestant in contestants],
        }  # fmt: skip
        bench.work(contestants, datasets, head, observer or Silent())
        found = {**head, **bench.tables(contestants, datasets)}
        results.write(found, settings.output / results.NAME)
        from restore.benchmark import report

        report.write(found, settings.output)
    return found


@dataclass(kw_only=True)
class Bench:
    """A run that is going on."""

    settings: Settings
    device: torch.device
    scorer: Scorer
    ledger: Ledger

    def __post_init__(self) -> None:
        protocol = self.settings.protocol
        self.kept = Kept(self.settings.output)
        self.degradation = build_degradation(protocol.meant("degradation", protocol.degradation))
        self.metrics_key = hashlib.sha256(json.dumps(self.scorer.record()).encode()).hexdigest()[:16]

    def work(
        self,
        contestants: Sequence[Contestant],
        datasets: Sequence[Dataset],
        found: Mapping[str, Any],
        observer: Observer,
    ) -> None:
        """Do what is not done. Raises RestoreError when the disk refuses."""
        everything = [(dataset, image) for dataset in datasets for image in dataset.images]
        left = {c.name: [item for item in everything if not self._is_done(c, *item)] for c in contestants}
        total = len(contestants) * len(everything)
        observer.begin(found, total, total - sum(map(len, left.values())))
        pool, window = executor(self.device)
        with pool:
            for contestant in contestants:
                if left[contestant.name]:
                    self._run_model(contestant, left[contestant.name], pool, window, observer)
                if self.device.type == "cuda":  # so that the next one's peak is its own
                    torch.cuda.empty_cache()

    def tables(self, contestants: Sequence[Contestant], datasets: Sequence[Dataset]) -> Row:
        """Return scores, timing and summary of a finished run, in the order of models, data sets and images."""
        scores: list[Row] = []
        timing: list[Row] = []
        for contestant, dataset, image in _each(contestants, datasets):
            record = self.ledger.get(self._key(contestant, dataset, image))
            assert record is not None
            place = {"model": contestant.name, "dataset": dataset.name, "image": image.name}
            scores.append({**place, **record["score"]})
            if record["timing"] is not None:
                timing.append({**place, **record["timing"]})
        return {"scores": scores, "timing": timing, "summary": results.summarise(scores, timing)}

    def _run_model(
        self, contestant: Contestant, items: list[Item], pool: Executor, window: int, observer: Observer
    ) -> None:
        try:
            restorer = contestant.load(str(self.device))
        except Exception as error:  # noqa: BLE001 - whatever a model raises costs only its rows
            observer.unloadable(contestant.name, reason_of(error))
            for dataset, image in items:
                observer.finished(self._fail(contestant, dataset, image, error))
            return
        clock = Clock(self.device, self.settings.repeats)
        behind: Behind[Row] = Behind(pool, window)
        alone = restorer.spec.stochastic or restorer.spec.non_blind  # each has its own seed, or knows its own harm
        for group in alike(ahead(pool, self._prepare, items, window), 1 if alone else self.settings.batch):
            observer.working(contestant.name, group[0][0][0].name, group[0][0][1].name)
            found = together(partial(self._informed, restorer), [future for _, future in group], clock)
            for ((dataset, image), _), one in zip(group, found, strict=True):
                if isinstance(one, Exception):
                    observer.finished(self._fail(contestant, dataset, image, one))
                    continue
                case, timed = one
                begun = time.perf_counter()
                try:
                    pending = self.scorer.measure(timed.result, case)
                except Exception as error:  # noqa: BLE001 - likewise of an image
                    observer.finished(self._fail(contestant, dataset, image, error))
                    continue
                spent = time.perf_counter() - begun
                for row in behind.submit(self._keep, contestant, dataset, image, case, timed, pending, spent):
                    observer.finished(row)
        for row in behind.finish():
            observer.finished(row)

    def _informed(self, restorer: Restorer, case: Case) -> Restorer:
        """Return the model, told what was done to an image where it makes use of that. Raises RestoreError."""
        if not restorer.spec.non_blind:
            return restorer
        return restorer.knowing(self.degradation, case.observation.params)

    def _prepare(self, item: Item) -> Case:
        """Read and degrade an image."""
        return make_case(item[1], self.settings.protocol, self.degradation)

    def _keep(
        self,
        contestant: Contestant,
        dataset: Dataset,
        image: ImageFile,
        case: Case,
        timed: Timed[Tensor],
        pending: Pending,
        spent: float,
    ) -> Row:
        """Fetch the scores, write the pictures and then the record, so that what is recorded is there.

        It may run in another thread while the device restores the next image. ``spent`` are the seconds that it took
        to start measuring.
        """
        begun = time.perf_counter()
        try:
            metrics, reasons = pending.result()
        except Exception as error:  # noqa: BLE001 - a device tells late what went wrong with an image
            return self._fail(contestant, dataset, image, error)
        fetched = time.perf_counter()
        files = self.kept.keep(timed.result, case, dataset, contestant.name, image)
        written = time.perf_counter()
        row = {
            "seed": case.seed, "width": case.width, "height": case.height, "status": "ok", "error": None,
            "metrics": metrics, "reasons": reasons,
        }  # fmt: skip
        measured = {
            "seconds": timed.seconds, "io_seconds": case.read_seconds + written - fetched,
            "metric_seconds": spent + fetched - begun,
            "repeats": timed.repeats, "batch": timed.batch, "peak_device_bytes": timed.peak_device_bytes,
            "peak_host_bytes": timed.peak_host_bytes,
        }  # fmt: skip
        record = {"score": row, "timing": measured, "files": files}
        self.ledger.add(self._key(contestant, dataset, image), record)
        return {"model": contestant.name, "dataset": dataset.name, "image": image.name, **row}

    def _fail(self, contestant: Contestant, dataset: Dataset, image: ImageFile, error: Exception) -> Row:
        row = {
            "seed": image.seed(self.settings.protocol.seed), "width": None, "height": None, "status": "failed",
            "error": reason_of(error), "metrics": dict.fromkeys(self.scorer.columns), "reasons": {},
        }  # fmt: skip
        self.ledger.add(self._key(contestant, dataset, image), {"score": row, "timing": None})
        return {"model": contestant.name, "dataset": dataset.name, "image": image.name, **row}

    def _is_done(self, contestant: Contestant, dataset: Dataset, image: ImageFile) -> bool:
        """Whether an image need not be restored again; one that failed may have failed by lack of memory.

        The pictures must be those of the record: other weights or another original under the same names may have
        been measured since.
        """
        record = self.ledger.get(self._key(contestant, dataset, image))
        if record is None or record["score"]["status"] != "ok":
            return False
        return record.get("files") == self.kept.digests(dataset, contestant.name, image)

    def _key(self, contestant: Contestant, dataset: Dataset, image: ImageFile) -> Key:
        seed = image.seed(self.settings.protocol.seed)
        return (contestant.key, dataset.name, image.name, image.sha256 or "", str(seed), self.metrics_key)


def _each(
    contestants: Sequence[Contestant], datasets: Sequence[Dataset]
) -> Iterator[tuple[Contestant, Dataset, ImageFile]]:
    for contestant in contestants:
        for dataset in datasets:
            for image in dataset.images:
                yield contestant, dataset, image
