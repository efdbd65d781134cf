"""The pictures of a run on the disk: results, and beside them what the models were given and should have made."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from restore import images
from restore.benchmark.cases import Case
from restore.benchmark.datasets import Dataset, ImageFile
from restore.benchmark.pixels import to_bytes, to_tensor
from restore.weights import digest


class Kept:
    """The pictures of a run, one PNG each: ``OUT/images/DATASET/KIND/NAME.png``; KIND is a model or what is shown."""

    def __init__(self, output: Path) -> None:
        """Take a run's folder, and remove what a kill has left there of pictures that were being written."""
        self._folder = output / "images"
        self._shown: set[tuple[str, str]] = set()
        for folder in (output, *(self._folder.glob("*/*"))):
            for path in folder.glob(".restore-*.tmp"):
                path.unlink(missing_ok=True)

    def keep(self, result: Tensor, case: Case, dataset: Dataset, model: str, image: ImageFile) -> dict[str, str]:
        """Write a result and, once a run, what the report shows beside it; return their hashes as ``digests`` does.

        Raises:
            InputError: the disk refuses.
        """
        if (dataset.name, image.name) not in self._shown:
            shown: dict[str, Tensor] = {"target": case.target, "input": to_tensor(case.degraded)}
            if case.mask is not None:
                shown["mask"] = to_tensor(case.mask)
            for kind, pixels in shown.items():
                _save(pixels, self._path(dataset, kind, image))
            self._shown.add((dataset.name, image.name))
        _save(result, self._path(dataset, model, image))
        return self.digests(dataset, model, image)

    def digests(self, dataset: Dataset, model: str, image: ImageFile) -> dict[str, str]:
        """Return SHA-256 of the pictures that belong to a result and are there, by what they show."""
        kinds = {"result": model, "target": "target", "input": "input", "mask": "mask"}
        paths = {kind: self._path(dataset, name, image) for kind, name in kinds.items()}
        return {kind: digest(path) for kind, path in paths.items() if path.exists()}

    def _path(self, dataset: Dataset, kind: str, image: ImageFile) -> Path:
        return self._folder / dataset.name / kind / f"{image.name}.png"


def _save(image: Tensor, path: Path) -> None:
    images.save(images.load(to_bytes(image)), path, overwrite=True)
