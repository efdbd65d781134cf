"""One pass of a model over a batch: in the chosen precision, checked, and redone where that did not hold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor

from restore import notices
from restore.contracts import Model, Observation
from restore.errors import PluginError, RestoreError
from restore.runtime.knowledge import Knowledge
from restore.runtime.policy import autocast


class OutOfMemoryError(RestoreError):
    """Memory that does not suffice for a batch of one; the caller may try a smaller tile."""


@dataclass
class Tally:
    """What happened on the way to a result."""

    tiles: int = 0
    redone_in_float32: int = 0
    out_of_memory: int = 0


@dataclass(frozen=True)
class Forward:
    """A model on its device.

    Args:
        module: in eval mode, on ``device``.
        name: for messages.
        scale: output side over input side.
        device: where it computes.
        precision: ``float32``, ``bfloat16`` or ``float16``.
        knowledge: what it is told of the images' degradation, or None.
    """

    module: Model
    name: str
    scale: int
    device: torch.device
    precision: str
    knowledge: Knowledge | None = None
    channels_last: bool = field(init=False)

    def __post_init__(self) -> None:
        convolves = self.module.channels_last and any(p.ndim == 4 for p in self.module.parameters())
        object.__setattr__(self, "channels_last", convolves)

    def __call__(self, image: Tensor, mask: Tensor | None, tally: Tally) -> Tensor:
        """Return the model's output ``(B, C', scale*H, scale*W)`` float32 on the CPU.

        Args:
            image: ``(B, C, H, W)`` float32 on the CPU.
            mask: ``(B, 1, H, W)``, or None.
            tally: where redone passes and lack of memory are counted.

        Raises:
            OutOfMemoryError: even one image of the batch is too much.
            PluginError: the output is no image of the size that the model declares, or the model calls ``exit``.
        """
        try:
            return self._checked(image, mask, tally)
        except Exception as error:
            if not ran_out_of_memory(error):
                raise
        # Outside of the handler, so that the traceback no longer holds the failed pass's tensors.
        tally.out_of_memory += 1
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(image) == 1:
            raise OutOfMemoryError(f"{self.name} ran out of memory on {self.device}")
        half, done = len(image) // 2, []
        for part in (slice(0, half), slice(half, None)):
            with notices.rows_from(part.start):
                done.append(self(image[part], None if mask is None else mask[part], tally))
        return torch.cat(done)

    def _checked(self, image: Tensor, mask: Tensor | None, tally: Tally) -> Tensor:
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        placed = image.to(self.device).contiguous(memory_format=layout)
        told = {} if self.knowledge is None else self.knowledge.of(len(image))
        observation = Observation(image=placed, mask=None if mask is None else mask.to(self.device), **told)
        output = self._pass(observation, self.precision)
        if self.precision != "float32" and not torch.isfinite(output).all():
            tally.redone_in_float32 += 1
            output = self._pass(observation, "float32")
        return output.float().cpu()

    def _pass(self, observation: Observation, precision: str) -> Tensor:
        # Not inference mode: a model that searches a latent space needs gradients of its own.
        with torch.no_grad(), autocast(self.device, precision):
            output = self._called(observation)
        batch, _, height, width = observation.image.shape
        return self._checked_shape(output, (batch, height * self.scale, width * self.scale)).detach()

    def _called(self, observation: Observation) -> object:
        """Call the model. Raises PluginError where it ends the program: that would look as if all were well."""
        try:
            return self.module(observation)
        except SystemExit as error:
            raise PluginError(
                f"{self.name} called for the end of the program: SystemExit({error.code!r})",
                "this is a defect of the model's plugin; tell its authors",
            ) from error

    def _checked_shape(self, output: object, wanted: tuple[int, int, int]) -> Tensor:
        made = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        if not isinstance(output, Tensor) or made not in [(wanted[0], c, *wanted[1:]) for c in (1, 3)]:
            raise PluginError(
                f"{self.name} made {made} where {wanted[0]} images of {wanted[2]} x {wanted[1]} were due",
                "this is a defect of the model's plugin; tell its authors",
            )
        return output


LACK_OF_MEMORY = ("DefaultCPUAllocator", "MPS backend out of memory", "STATUS_ALLOC_FAILED")
"""What a plain RuntimeError says where torch has no type for it: the CPU, MPS, and the libraries of CUDA."""


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means lack of memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return type(error) is RuntimeError and any(text in str(error) for text in LACK_OF_MEMORY)


def prepare(module: Model, device: torch.device) -> None:
    """Make a module ready for inference: on the device, in eval mode, channels last if it can, without gradients."""
    module.to(device).eval().requires_grad_(False)
    if not module.channels_last:
        return
    for tensor in itertools.chain(module.parameters(), module.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
