"""A prior as a search uses it: a copy that is in eval mode, without gradients of its own, and fast."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from restore.contracts import Criticises, DecodesInStages, Prior
from restore.errors import PluginError, UsageError
from restore.runtime.policy import autocast
from restore.seeds import SEEDS


class Prepared:
    """A copy of a prior, on its device. The one that was given stays as it is.

    Normalisation layers are in eval mode, so that an image depends on its own latent alone.

    Args:
        prior: in any mode.
        dtype: float32 or float64, of latents and images.
        precision: in which it decodes and judges during a search: ``float32``, ``bfloat16``.
    """

    def __init__(self, prior: Prior, *, dtype: torch.dtype, precision: str) -> None:
        self.prior = copy.deepcopy(prior).eval().requires_grad_(False).to(dtype)
        self.dtype = dtype
        self.precision = "float32" if dtype == torch.float64 else precision
        first = next(iter([*prior.parameters(), *prior.buffers()]), None)
        self.device = torch.device("cpu") if first is None else first.device
        self.shape = tuple(prior.latent_shape)
        self.size = self._layout()
        """(C, H, W) of its images."""

    def _layout(self) -> tuple[int, int, int]:
        """Order the weights as convolutions are fast with, if the prior's code bears it; return the images' shape."""
        z = self.sample(0, 1)[:1]
        usual, last = torch.contiguous_format, torch.channels_last
        for layout in (last, usual):
            for tensor in (*self.prior.parameters(), *self.prior.buffers()):
                if tensor.ndim == 4:
                    tensor.data = tensor.data.contiguous(memory_format=layout)
            try:
                with torch.no_grad():
                    image = self.decode(z)
                    if isinstance(self.prior, Criticises):
                        self.prior.critic(image)
                break
            except RuntimeError:  # code that views across channels
                if layout is usual:
                    raise
        if image.ndim != 4 or len(image) != 1:
            raise PluginError(f"{type(self.prior).__name__} decodes one latent to {tuple(image.shape)}")
        if not torch.isfinite(image).all():
            raise PluginError(
                f"what {type(self.prior).__name__} decodes is not finite",
                "its weights are damaged: restore weights verify",
            )
        return cast(tuple[int, int, int], tuple(image.shape[1:]))

    def sample(self, seed: int, n: int) -> Tensor:
        """Return ``n`` latents; each is a function of the seed and of its own number."""
        generators = (torch.Generator().manual_seed((seed * 1_000_003 + number) % SEEDS) for number in range(n))
        return torch.cat([self.prior.sample(1, generator) for generator in generators]).to(self.device, self.dtype)

    def decode(self, z: Tensor, *, exact: bool = True) -> Tensor:
        """Return images; unless they are to be exact, in the precision of the search, as numbers of the dtype."""
        return self.computed(self.prior.decode, z, exact=exact)

    def computed(self, function: Callable[[Tensor], Tensor], given: Tensor, *, exact: bool = True) -> Tensor:
        """Return what a part of the prior makes of a tensor, likewise."""
        with autocast(self.device, "float32" if exact else self.precision):
            return function(given).to(self.dtype)

    def context(self, *, exact: bool = True) -> Mapping[str, Any]:
        """Return what losses may ask of a prior."""
        if not isinstance(self.prior, Criticises):
            return {}
        return {"critic": functools.partial(self.computed, self.prior.critic, exact=exact)}

    def staged(self, stage: int) -> DecodesInStages:
        """Return the prior as one whose decoder has stages. Raises UsageError where it has no such stage."""
        if not isinstance(self.prior, DecodesInStages):
            raise UsageError(
                f"{type(self.prior).__name__} has no stages to refine a result in", "leave refine_steps out"
            )
        if stage > self.prior.stages:
            raise UsageError(
                f"{type(self.prior).__name__} has no stage {stage}", f"refine_stage is 1 to {self.prior.stages}"
            )
        return self.prior
