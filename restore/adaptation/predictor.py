"""What adaptation leaves: a predictor in scikit-learn's manner that can be saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from restore import weights as store
from restore.adaptation.contract import Classifies
from restore.adaptation.inputs import as_images, fitted
from restore.contracts import Prior
from restore.errors import InputError, WeightsError
from restore.priors import load_prior

PORTION = 500
"""Images that are read at once."""


class Adapted:
    """Reads images of the second domain, as a fitted classifier of scikit-learn does; ``restore.adapt`` makes one.

    It has no ``fit``, so it is no estimator that can be cloned or searched over; it can be pickled and copied.

    Args:
        network: a prior that classifies, in evaluation mode.
        metadata: as it lies in the network's file, with the entry ``adapted``: JSON of ``classes``, of the ``shape``
            (C, H, W) that the network takes, of the ``size`` (H, W) of the images, and of the ``view`` of the prior.
    """

    def __init__(self, network: Any, metadata: dict[str, str]) -> None:
        told = json.loads(metadata["adapted"])
        self.network, self.metadata = network, metadata
        self.classes_ = np.asarray(told["classes"])
        self.shape: tuple[int, int, int] = tuple(told["shape"])
        self.size: tuple[int, int] = tuple(told["size"])
        self.n_features_in_ = self.shape[0] * self.size[0] * self.size[1]

    def predict_proba(self, images: Any) -> np.ndarray:
        """Return the probability of each of ``classes_``, float64 ``(n, classes)``.

        Args:
            images: of the size that was adapted to, as ``restore.adapt`` takes them.

        Raises:
            InputError: images of another form or size.
        """
        found = as_images(images, "target", self.shape[0])
        if not len(found):
            raise InputError("there are no images to read", "give one or more")
        if tuple(found.shape[2:]) != self.size:
            raise self.misfit(found.shape[2], found.shape[3])
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            logits = [
                self.network.classify(fitted(portion, self.shape).to(device)).double().cpu()
                for portion in torch.split(found, PORTION)
            ]
        return torch.cat(logits).softmax(1).numpy()

    def misfit(self, height: int, width: int, which: str = "images have") -> InputError:
        """Return the error of images of another size."""
        return InputError(
            f"{which} {width} x {height} pixels, and {self.size[1]} x {self.size[0]} were adapted to",
            "resize them as those were",
        )

    def predict(self, images: Any) -> np.ndarray:
        """Return the likeliest class of each image, ``(n,)``. Raises as ``predict_proba``."""
        return self.classes_[self.predict_proba(images).argmax(1)]

    def score(self, images: Any, labels: Any) -> float:
        """Return the share of images whose label is found. Raises InputError for labels that do not belong to them."""
        found, wanted = self.predict(images), np.asarray(labels)
        if wanted.shape != found.shape:
            raise InputError(f"{len(found)} images have labels of the shape {wanted.shape}", "give one label an image")
        return float((found == wanted).mean())

    def save(self, path: str | Path) -> None:
        """Write network and classes as safetensors, in half precision, which its numbers have. Raises WeightsError."""
        store.write(Path(path), self.network.state_dict(), self.metadata, half=True)

    @classmethod
    def of(cls, prior: Classifies, model: str) -> Adapted:
        """Return a predictor of a prior that classifies, whose classes are numbers from 0 on.

        Args:
            prior: in evaluation mode, on its device.
            model: its name.
        """
        blank = torch.zeros(1, *prior.reads, device=next(cast("Prior", prior).parameters()).device)
        with torch.inference_mode():
            classes = prior.classify(blank).shape[1]
        told = {"classes": [*range(classes)], "shape": prior.reads, "size": prior.reads[1:], "view": {}}
        return cls(prior, {"model": model, "adapted": json.dumps(told)})

    @classmethod
    def load(cls, path: str | Path, device: str = "auto", *, view: Mapping[str, Any] | None = None) -> Adapted:
        """Return a predictor that ``save`` wrote.

        Args:
            path: of the file.
            device: as for ``load_prior``.
            view: options of the prior in place of those that it was saved with, such as the domain that it reads.

        Raises:
            WeightsError: the file is absent, damaged, or holds something else.
            UsageError: an option that the prior has not, or that its weights contradict.
            PluginError: the plugin of its network is not installed.
            DeviceError: the device is absent.
        """
        metadata = dict(store.header(Path(path)).metadata)
        try:
            told = json.loads(metadata["adapted"])
            told["view"] = {**told["view"], **(view or {})}
            model = metadata["model"]
        except (KeyError, ValueError, TypeError) as error:
            raise WeightsError(f"{path} holds no predictor", "Adapted.save writes one") from error
        network = load_prior(model, device=device, weights=Path(path), **told["view"])
        if not isinstance(network, Classifies):
            raise WeightsError(
                f"{path} holds {model}, which tells no classes apart", "Adapted.save writes one that does"
            )
        return cls(network, {**metadata, "adapted": json.dumps(told)})
