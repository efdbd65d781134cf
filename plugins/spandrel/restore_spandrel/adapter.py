"""A network of spandrel's as a model: what spandrel knows of it, said in the runtime's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restore.contracts import Model, Observation
from restore.errors import UsageError, WeightsError
from restore.plugin import ModelSpec, Tiling
from restore.quiet import torch_quiet
from restore_spandrel.library import spandrel
from restore_spandrel.reading import read

TASKS: Mapping[str, str] = {
    "SR": "super-resolution",
    "FaceSR": "face-restoration",
    "Inpainting": "inpainting",
    "Restoration": "restoration",
}
TILINGS: Mapping[str, Tiling] = {"SUPPORTED": "approximate", "DISCOURAGED": "discouraged", "INTERNAL": "internal"}


def load(weights: Path, overlap: int = 64) -> Adapted:
    """Return the network that a weights file holds, of whatever architecture.

    Args:
        weights: .safetensors, .pth, .pt or .ckpt; architecture, scale and sizes are found out from it.
        overlap: pixels that tiles share on each side; more where their seams show.

    Raises:
        PluginError: spandrel is not installed.
        UsageError: an overlap below 0.
        WeightsError: the file is absent or damaged, would run code, or holds no network that spandrel knows.
    """
    if overlap < 0:
        raise UsageError(f"tiles cannot overlap by {overlap} pixels", "give 0 or more")
    descriptor = read(weights)
    taken, made = descriptor.input_channels, descriptor.output_channels
    if taken not in (1, 3) or made not in (1, 3):
        raise WeightsError(
            f"the {descriptor.architecture.name} network in {weights} makes {made} channels of {taken}",
            "only networks of gray (1) and colour (3) images can be run",
        )
    return Adapted(descriptor, overlap)


class Adapted(Model):
    """A network, run by spandrel one image at a time, as spandrel has it. It is for inference, not for training.

    Args:
        descriptor: spandrel's ``ImageModelDescriptor`` or ``MaskedImageModelDescriptor``.
        overlap: pixels that tiles share on each side.
    """

    trained = True
    channels_last = False  # code of forty architectures, some of which relies on the usual layout

    def __init__(self, descriptor: Any, overlap: int = 64) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.network: torch.nn.Module = descriptor.model.eval().requires_grad_(False)
        self.overlap = overlap

    def __reduce__(self) -> Any:
        # What spandrel holds on to cannot be pickled: functions within functions. It makes the same of the numbers.
        return _again, (self.descriptor.architecture.id, self.network.state_dict(), self.overlap)

    def declared(self, spec: ModelSpec) -> ModelSpec:
        """Return what spandrel knows of the network.

        A hole is filled from what surrounds it, so tiles are discouraged there, whatever spandrel says. A network
        for faces sees one aligned face, and what spandrel calls its smallest size is its only one.
        """
        known = self.descriptor
        sizes = known.size_requirements
        face, fills = known.purpose == "FaceSR", known.purpose == "Inpainting"
        halves = {"bfloat16": known.supports_bfloat16, "float16": known.supports_half}
        return replace(
            spec,
            task=TASKS[known.purpose],
            scale=known.scale,
            channels=(known.input_channels,),
            min_size=max(1, sizes.minimum),
            multiple_of=sizes.multiple_of,
            fixed_size=(sizes.minimum, sizes.minimum) if face and sizes.minimum else None,
            tiling="forbidden" if face else "discouraged" if fills else TILINGS[known.tiling.name],
            receptive_field=2 * self.overlap + 1,
            dtypes=("float32", *(name for name, supported in halves.items() if supported)),
        )

    def forward(self, observation: Observation) -> Tensor:
        """Return the restored images, ``(B, C', scale*H, scale*W)`` in ``[0, 1]``."""
        images = [image[None].clone() for image in observation.image]  # RCAN writes into what it is given
        if self.descriptor.purpose != "Inpainting":
            return torch.cat([self.descriptor(image) for image in images])
        if observation.mask is None:
            raise UsageError("this network fills holes, and there is no mask", "give one: 1 where a pixel is missing")
        masked = zip(images, observation.mask, strict=True)
        return torch.cat([self.descriptor(image, mask[None].clone()) for image, mask in masked])


def _again(architecture: str, state: dict[str, Tensor], overlap: int) -> Adapted:
    """Return the network of an architecture that has these numbers, where they are."""
    with torch_quiet():
        made = Adapted(spandrel().MAIN_REGISTRY[architecture].architecture.load(dict(state)), overlap)
    return made.to(next(iter(state.values())).device)
