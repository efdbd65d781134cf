"""Several processes, one training: who takes part, and how their networks stay equal.

Every process holds a replica of every network and computes the gradients of its share of a step's batch; all
optimisers then step along their mean. ``--processes`` or torchrun starts them, accelerate connects them; neither is
needed, nor imported, where there is one.
"""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Literal

import torch
from torch import Tensor, nn

from restore.contracts import Batch
from restore.errors import DeviceError, RestoreError, UsageError
from restore.launched import launched

PATIENCE = timedelta(hours=12)
"""How long the others wait for the first process, which alone validates."""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """All that take part, seen from one of them; alone unless it is told otherwise.

    All of them call the methods, in the same order; where there is one, each does next to nothing.
    """

    index: int = 0
    count: int = 1
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the one that writes, validates and talks."""
        return self.index == 0

    def share(self, batch: Batch) -> Batch:
        """Return this process's rows of the batch of all: every ``count``-th. What has no rows is for each.

        Raises:
            UsageError: the rows do not go into equal parts, or the batch has none.
        """
        if self.count == 1:
            return batch
        sizes = sorted({len(value) for value in batch.values() if value.ndim})
        if len(sizes) != 1:
            raise UsageError(
                f"a batch with {' and '.join(map(str, sizes)) or 'no'} rows cannot be shared by processes",
                "train in one process, or let the recipe give each tensor of a batch one row a sample",
            )
        if sizes[0] % self.count:
            raise UsageError(
                f"a batch of {sizes[0]} does not go into {self.count} equal parts",
                f"use --set batch_size={-(-sizes[0] // self.count) * self.count}, or another number of processes",
            )
        return {name: value[self.index :: self.count] if value.ndim else value for name, value in batch.items()}

    def mean(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the means of scalars."""
        if self.count == 1:
            return {name: value.item() for name, value in values.items()}
        own = torch.stack([value.detach().to(self.device, torch.float64) for value in values.values()])
        return dict(zip(values, self._reduce(own, "mean").tolist(), strict=True))

    @torch.no_grad()
    def average_gradients(self, network: nn.Module) -> None:
        """Give every replica the mean of the gradients; a parameter has one if it has one in any process."""
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        if self.count == 1 or not parameters:
            return
        known = torch.tensor([parameter.grad is not None for parameter in parameters], device=self.device).float()
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        mean = self._reduce(_flat([known, *own]), "mean")
        sizes = [parameter.numel() for parameter in parameters]
        anywhere, *gradients = torch.split(mean, [len(parameters), *sizes])
        for parameter, some, mine, gradient in zip(parameters, anywhere.tolist(), own, gradients, strict=True):
            if some:
                parameter.grad = mine.copy_(gradient.view(parameter.shape))

    @torch.no_grad()
    def average_buffers(self, networks: Iterable[nn.Module]) -> None:
        """Give every replica the mean of what its floating buffers hold: batch norm's statistics of each share.

        Buffers that are equal everywhere keep their bits.
        """
        buffers = [buffer for network in networks for buffer in network.buffers() if buffer.is_floating_point()]
        if self.count == 1 or not buffers:
            return
        own = _flat(buffers)
        base = self._from_first(own.clone())
        # A mean of n equal numbers may differ from them in the last bit, a mean of n zeros does not; infinities too.
        mean = base + self._reduce(torch.where(own == base, torch.zeros_like(own), own - base), "mean")
        for buffer, value in zip(buffers, torch.split(mean, [buffer.numel() for buffer in buffers]), strict=True):
            buffer.copy_(value.view(buffer.shape))

    @torch.no_grad()
    def copy_from_first(self, network: nn.Module) -> None:
        """Make every replica the first process's."""
        if self.count > 1:
            for value in [*network.parameters(), *network.buffers()]:
                value.copy_(self._from_first(value.detach().clone(memory_format=torch.contiguous_format)))

    def check_equal(self, networks: Mapping[str, nn.Module]) -> None:
        """Raise RestoreError if the replicas of a network differ in any bit, which a defect alone can bring about."""
        if self.count == 1:
            return
        from accelerate.utils import gather_object  # type: ignore[import-untyped]

        for name, network in networks.items():
            own = digest(network)
            with _told_when_lost():
                digests = gather_object([own])
            if len(set(digests)) > 1:
                raise RestoreError(
                    f"the replicas of {name} in {self.count} processes are no longer equal",
                    "continue from the last checkpoint with --resume; if it comes again, train in one process",
                )

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process. None returns before all have asked."""
        return flag if self.count == 1 else bool(self._reduce(torch.tensor(float(flag), device=self.device), "max"))

    def wait(self) -> None:
        """Return when all have come here."""
        self.any(False)

    def _reduce(self, value: Tensor, how: Literal["mean", "max"]) -> Tensor:
        from accelerate.utils import reduce

        with _told_when_lost():
            reduced: Tensor = reduce(value, reduction=how)
        return reduced

    def _from_first(self, value: Tensor) -> Tensor:
        from accelerate.utils import broadcast

        with _told_when_lost():
            received: Tensor = broadcast(value, from_process=0)
        return received


def is_first() -> bool:
    """Whether this process is the first of those that torchrun started, or the only one."""
    return launched().index == 0


def take_device(name: str) -> None:
    """Let ``cuda`` mean a GPU of its own for each process.

    Raises:
        UsageError: a device that several processes cannot share.
        DeviceError: fewer GPUs than processes.
    """
    place = launched()
    if place.count == 1:
        return
    if ":" in name or name == "mps":
        raise UsageError(
            f"{place.count} processes cannot train on one device, {name}",
            "use --device cuda (a GPU each) or --device cpu",
        )
    if name in ("auto", "cuda") and torch.cuda.is_available():
        there = torch.cuda.device_count()
        if place.local >= there:
            raise DeviceError(
                f"there is no GPU for process {place.index}: this machine has {there}",
                f"start one process a GPU, --processes {there}, or use --device cpu",
            )
        torch.cuda.set_device(place.local)


@contextmanager
def together(device: torch.device) -> Iterator[Processes]:
    """Connect the processes that torchrun started; they part when Python ends.

    Args:
        device: of this process, which ``take_device`` has seen.

    Raises:
        UsageError: accelerate is not installed, or a device on which processes cannot be connected.
        RestoreError: they cannot reach each other.
    """
    index, count = launched().index, launched().count
    if count == 1:
        yield Processes(device=device)
        return
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"several processes cannot train on {device.type}", "use --device cpu, or one process")
    try:
        from accelerate import PartialState  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(
            f"training in {count} processes needs accelerate, which is not installed",
            "pip install 'restore-toolkit[distributed]'",
        ) from error
    # Optimisers import this module, and its defaults hold what group they meet: never destroyed, it leaves threads that
    # may abort Python as it ends (https://github.com/pytorch/pytorch/issues/190489). Now they meet none.
    import_module("torch.distributed.nn.functional")
    with _told_when_lost():
        state = PartialState(cpu=device.type == "cpu", timeout=PATIENCE)
    # Not before Python ends, for there may be another training.
    if device.type == "cpu":
        atexit.register(state.destroy_process_group)
    yield Processes(index=index, count=count, device=device)
    if device.type == "cuda":  # not after an error: NCCL waits for the others, who may never come to part
        atexit.register(state.destroy_process_group)


def digest(network: nn.Module) -> str:
    """Return the sha256 of a network's parameters and buffers."""
    total = hashlib.sha256()
    for name, value in network.state_dict().items():
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def _flat(values: Iterable[Tensor]) -> Tensor:
    return torch.cat([value.detach().flatten() for value in values])


@contextmanager
def _told_when_lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        # Gloo's errors are plain ones; torch.OutOfMemoryError and what else a device raises have classes of their own.
        if not (isinstance(error, torch.distributed.DistError) or type(error) is RuntimeError):
            raise
        raise RestoreError(
            f"the connection to the other processes is lost: {str(error).splitlines()[0]}",
            "another process has told why; mend that and continue with --resume",
        ) from error
