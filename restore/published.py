"""Networks that others trained and published and that a metric sees with: where they are, and what they hold.

They are not shipped. What lies in the store is a safetensors file of the tensors that are needed, and it is known
by a digest over these tensors, so that it does not matter which container they came in.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from restore import weights
from restore.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from restore.registry import Registry

TIMEOUT = 30
"""Seconds without a byte before a download is given up."""
FEATURES = "features."
"""Before the names of the layers in a file of a whole classifier."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published network, cut down to the layers that are used."""

    name: str
    """``lpips-alex``: what ``restore weights`` calls it."""
    metric: str
    """The metric that uses it."""
    url: str
    """The publisher's file, of the whole network."""
    sha256: str
    """Of that file."""
    layers: tuple[str, ...]
    """Layers that are used; each has a ``weight`` and a ``bias``."""
    digest: str
    """Of the tensors of the first ``known`` layers, see ``digest_of``."""
    known: int
    """How many layers the digest covers. Where it is not all of them only the publisher's own file is taken."""
    summary: str
    licence: str = "BSD-3-Clause"

    @property
    def path(self) -> Path:
        """Where it lies in the store, whether it does or not."""
        return weights.store() / f"{self.name}-{self.digest[:12]}.safetensors"

    @property
    def state(self) -> Literal["imported", "absent"]:
        """``imported`` or ``absent``."""
        return "imported" if self.path.is_file() else "absent"

    def read(self) -> dict[str, Tensor]:
        """Return the tensors, ``0.weight`` and so on, float32 on the CPU.

        Raises:
            WeightsError: they are not in the store, or not what was published.
        """
        if not self.path.is_file():
            raise WeightsError(
                f"the weights {self.name} ({self.summary}) are not here",
                f"restore weights fetch {self.name}, or restore weights import {self.name} FILE",
            )
        state, _ = weights.read(self.path)
        return self._checked(state, self.path)

    def take(self, source: Path) -> Path:
        """Put the tensors of a file into the store and return where they lie.

        Args:
            source: a PyTorch checkpoint or a safetensors file, of the whole network or of its features alone.

        Raises:
            WeightsError: the file cannot be read, or holds something else.
        """
        if self.known < len(self.layers):
            weights.verify(source, self.sha256)
        state = self._checked(_tensors(source), source)
        weights.write(self.path, state, {"source": self.url, "licence": self.licence})
        return self.path

    def fetch(self) -> Path:
        """Download the publisher's file, check it and put its tensors into the store; return where they lie.

        Raises:
            WeightsError: no connection, or another file than was published.
        """
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, self.url.rpartition("/")[2])
            try:
                with urllib.request.urlopen(self.url, timeout=TIMEOUT) as answer, target.open("wb") as file:
                    shutil.copyfileobj(answer, file)
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", None) or error
                raise WeightsError(
                    f"{self.url} cannot be downloaded: {reason}",
                    f"download it where there is a connection, then restore weights import {self.name} FILE",
                ) from error
            weights.verify(target, self.sha256)
            return self.take(target)

    def check(self) -> str:
        """Return what is wrong with the tensors in the store, or nothing."""
        try:
            self.read()
        except WeightsError as error:
            return str(error)
        return ""

    def _checked(self, state: Mapping[str, Tensor], source: Path) -> dict[str, Tensor]:
        """Return the tensors that are used. Raises WeightsError if one is missing or is another."""
        whole = any(name.startswith(FEATURES) for name in state)
        prefix = FEATURES if whole else ""
        names = [f"{layer}.{part}" for layer in self.layers for part in ("weight", "bias")]
        missing = [name for name in names if f"{prefix}{name}" not in state]
        if missing:
            raise WeightsError(
                f"{source} is not {self.name}: it lacks {missing[0]}", f"the file that is meant: {self.url}"
            )
        chosen = {name: state[f"{prefix}{name}"] for name in names}
        found = digest_of({name: chosen[name] for name in names[: 2 * self.known]})
        if found != self.digest:
            raise WeightsError(
                f"{source} is not {self.name}: its tensors have the digest {found[:12]}..., not {self.digest[:12]}...",
                f"it is damaged, or trained otherwise; the file that is meant: {self.url}",
            )
        return chosen


def digest_of(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of tensors: for each name, sorted, the name, the shape, and float32 in little-endian bytes."""
    import torch

    total = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().to("cpu", torch.float32).contiguous()
        total.update(f"{name} {list(tensor.shape)}\n".encode())
        total.update(tensor.numpy().astype("<f4", copy=False).tobytes())
    return total.hexdigest()


def _tensors(source: Path) -> dict[str, Tensor]:
    from restore.conversion import read

    try:
        weights.header(source)
    except WeightsError:
        return read(source)
    return weights.read(source)[0]


def _fires(*numbers: int) -> tuple[str, ...]:
    return tuple(f"{number}.{part}" for number in numbers for part in ("squeeze", "expand1x1", "expand3x3"))


HOST = "https://download.pytorch.org/models"
NETWORKS: tuple[Published, ...] = (
    Published(
        name="lpips-alex",
        metric="lpips",
        url=f"{HOST}/alexnet-owt-7be5be79.pth",
        sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
        layers=("0", "3", "6", "8", "10"),
        digest="168aabc9db1aad7c41109e4c9304e638f05f8996f3abb12fe79ee5b6f895aed2",
        known=5,
        summary="features of torchvision's AlexNet",
    ),
    Published(
        name="lpips-squeeze",
        metric="lpips",
        url=f"{HOST}/squeezenet1_1-b8a52dc0.pth",
        sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
        layers=("0", *_fires(3, 4, 6, 7, 9, 10, 11, 12)),
        digest="c02acca3acb95a96f049fb6b56ad340f6f387b341ee3a535db0ea1dcf3c16350",
        known=25,
        summary="features of torchvision's SqueezeNet 1.1",
    ),
    Published(
        name="lpips-vgg",
        metric="lpips",
        url=f"{HOST}/vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        layers=("0", "2", "5", "7", "10", "12", "14", "17", "19", "21", "24", "26", "28"),
        digest="6dfdcb9e502404053b080be0f3d9b34c2e34c515eca3dc1aee8a16a415ee59ac",
        known=4,
        summary="features of torchvision's VGG16",
    ),
)


def find(name: str) -> Published | None:
    """Return the network of that name, or None."""
    return next((network for network in NETWORKS if network.name == name), None)


def used(registry: Registry) -> list[Published]:
    """Return the networks that an installed metric uses."""
    metrics = {component.spec.name for component in registry.of_kind("metric")}
    return [network for network in NETWORKS if network.metric in metrics]
