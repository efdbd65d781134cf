"""Networks that others trained and published and that a component sees with: where they lie, and what they hold.

They are not shipped; a plugin's ``NetworkSpec`` says what is meant. What lies in the store is a safetensors file of the
tensors that are needed, and it is known by a digest over these tensors, so that it does not matter which container
they came in.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from restore import weights
from restore.errors import DamagedWeightsError, PluginError, WeightsError
from restore.plugin import NetworkSpec
from restore.registry import Component, Registry, registry

if TYPE_CHECKING:
    from torch import Tensor

IMPORTED = "digest"
"""In the header of a stored file: the digest of all of its tensors, where the descriptor's covers fewer."""
TIMEOUT = 30
"""Seconds without a byte before a download is given up."""


@dataclass(frozen=True)
class Network:
    """A published network as the store has it."""

    spec: NetworkSpec

    @property
    def path(self) -> Path:
        """Where it lies in the store, whether it does or not."""
        return weights.store() / f"{self.spec.name}-{(self.spec.digest or self.spec.sha256)[:12]}.safetensors"

    @property
    def state(self) -> Literal["imported", "absent"]:
        """``imported`` or ``absent``."""
        return "imported" if self.path.is_file() else "absent"

    @property
    def held(self) -> str | None:
        """Digest of all the tensors that lie in the store, as their file tells it; None where they are not.

        Raises:
            WeightsError: the file is damaged.
        """
        if self.state == "absent":
            return None
        return weights.header(self.path).metadata.get(IMPORTED, self.spec.digest)

    def read(self) -> dict[str, Tensor]:
        """Return the tensors, ``0.weight`` and so on, float32 on the CPU.

        Raises:
            DamagedWeightsError: what lies in the store is not what was published.
            WeightsError: they are not in the store.
        """
        fetch = f"restore weights fetch {self.spec.name}, or " if self.spec.url else ""
        cure = f"{fetch}restore weights import {self.spec.name} FILE"
        if not self.path.is_file():
            raise WeightsError(f"the weights {self.spec.name} ({self.spec.summary}) are not here", cure)
        try:
            state, metadata = weights.read(self.path)
            chosen = self._checked(state, self.path)
            if self._beyond_known(chosen) and metadata.get(IMPORTED) != digest_of(chosen):
                raise WeightsError(f"the tensors in {self.path} are not those that were imported")
            return chosen
        except WeightsError as error:
            raise DamagedWeightsError(f"the weights {self.spec.name} cannot be used: {error.message}", cure) from error

    def take(self, source: Path) -> Path:
        """Put the tensors of a file into the store and return where they lie.

        Args:
            source: a PyTorch checkpoint or a safetensors file, of the whole network or of its layers alone.

        Raises:
            WeightsError: the file cannot be read, or holds something else.
        """
        if self.spec.known < len(self.spec.layers):
            weights.verify(source, self.spec.sha256)
        state = self._checked(_tensors(source), source)
        metadata = {"source": self.spec.url, "licence": self.spec.licence}
        if self._beyond_known(state):
            metadata[IMPORTED] = digest_of(state)
        weights.write(self.path, state, metadata)
        return self.path

    def fetch(self) -> Path:
        """Download the publisher's file, check it and put its tensors into the store; return where they lie.

        Raises:
            WeightsError: no connection, or another file than was published.
        """
        import http.client
        import urllib.request

        url = self.spec.url
        if not url:
            raise WeightsError(
                f"{self.spec.name} has no address that it could be downloaded from",
                f"restore weights import {self.spec.name} FILE",
            )
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, url.rpartition("/")[2])
            try:
                with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, target.open("wb") as file:
                    shutil.copyfileobj(answer, file)
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", None) or error
                raise WeightsError(
                    f"{url} cannot be downloaded: {reason}",
                    f"download it where there is a connection, then restore weights import {self.spec.name} FILE",
                ) from error
            weights.verify(target, self.spec.sha256)
            return self.take(target)

    def check(self) -> str:
        """Return what is wrong with the tensors in the store, or nothing."""
        try:
            self.read()
        except WeightsError as error:
            return str(error)
        return ""

    def _beyond_known(self, state: Mapping[str, Tensor]) -> bool:
        """Whether there are tensors that the descriptor's digest does not cover."""
        return len(state) > 2 * self.spec.known

    def _checked(self, state: Mapping[str, Tensor], source: Path) -> dict[str, Tensor]:
        """Return the tensors that are used. Raises WeightsError if one is missing or is another."""
        spec = self.spec
        whole = any(name.startswith(spec.prefix) for name in state)
        prefix = spec.prefix if whole else ""
        names = [f"{layer}.{part}" for layer in spec.layers for part in ("weight", "bias")]
        missing = [name for name in names if f"{prefix}{name}" not in state]
        if missing:
            raise WeightsError(
                f"{source} is not {spec.name}: it lacks {missing[0]}",
                f"the file that is meant: {spec.url or spec.summary}",
            )
        chosen = {name: state[f"{prefix}{name}"] for name in names}
        found = digest_of({name: chosen[name] for name in names[: 2 * spec.known]}) if spec.digest else ""
        if found != spec.digest:
            raise WeightsError(
                f"{source} is not {spec.name}: its tensors have the digest {found[:12]}..., not {spec.digest[:12]}...",
                f"it is damaged, or trained otherwise; the file that is meant: {spec.url or spec.summary}",
            )
        return chosen | self._further(state, prefix, source)

    def _further(self, state: Mapping[str, Tensor], prefix: str, source: Path) -> dict[str, Tensor]:
        """Return what a file goes on with, as far as it does. Raises WeightsError where a shape is another."""
        found: dict[str, Tensor] = {}
        for layer, shape in self.spec.further:
            wanted = {f"{layer}.weight": shape, f"{layer}.bias": shape[:1]}
            if any(f"{prefix}{name}" not in state for name in wanted):
                break
            for name, sides in wanted.items():
                tensor = state[f"{prefix}{name}"]
                if tuple(tensor.shape) != sides:
                    raise WeightsError(
                        f"{source} is not {self.spec.name}: {name} is {tuple(tensor.shape)}, not {sides}",
                        f"the file that is meant: {self.spec.url or self.spec.summary}",
                    )
                found[name] = tensor
        return found


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


def used(found: Registry) -> dict[Network, list[Component]]:
    """Return the networks that installed components see with, and these components."""
    users: dict[Network, list[Component]] = {}
    for component in found.components:
        for spec in component.spec.networks:
            users.setdefault(Network(spec), []).append(component)
    return users


def find(name: str) -> Network | None:
    """Return the network of that name, ``lpips-alex`` or ``distribution:lpips-alex``; None if no plugin names it.

    Raises:
        PluginError: two plugins mean different ones by it.
    """
    distribution, _, short = name.rpartition(":")
    matches = {
        network: component
        for network, components in used(registry()).items()
        for component in components
        if short == network.spec.name and component.answers_to(f"{distribution}:{component.spec.name}")
    }
    if len(matches) > 1:
        owners = [f"{component.qualified.partition(':')[0]}:{short}" for component in matches.values()]
        raise PluginError(
            f"{len(matches)} plugins mean different networks by {short!r}: {' and '.join(owners)}",
            f"name one of them, such as {owners[0]}",
        )
    return next(iter(matches), None)
