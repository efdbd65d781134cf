"""Degradations by name, in sequence: ``bicubic:scale=4|gaussian-noise:sigma=0.02|jpeg:quality=60``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from restore import images
from restore.contracts import Degradation, Observation, Params
from restore.errors import UsageError
from restore.options import parse
from restore.registry import registry
from restore.resize import resize
from restore.seeds import check_seed


def stages(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return the name and the options, still text, of each of the degradations that bars separate.

    Raises:
        UsageError: an empty part, or an option given twice.
    """
    parts = [part.strip() for part in text.split("|")]
    if not all(parts):
        raise UsageError(f"{text!r} has an empty part", "write NAME:key=value|NAME:key=value")
    return [parse(part) for part in parts]


def build_degradation(text: str) -> Degradation:
    """Build one degradation, or a Pipeline of those that bars separate.

    Raises:
        UsageError: an empty part, an unknown or ill-typed option.
        UnknownNameError: a name that no plugin offers.
    """
    built: list[tuple[str, Degradation]] = [
        (name, registry().find("degradation", name).build(**options)) for name, options in stages(text)
    ]
    return built[0][1] if len(built) == 1 else Pipeline(built)


class Pipeline(Degradation):
    """Degradations one after the other; ``params`` has an entry for each, ``0.bicubic``, ``1.jpeg`` ...

    Each step draws with the image that it will be given. A pixel is missing when any of them takes it away;
    the mask of an earlier one is carried through those after it only while they keep the size.
    """

    def __init__(self, parts: Sequence[tuple[str, Degradation]]) -> None:
        super().__init__()
        self.keys = [f"{number}.{name}" for number, (name, _) in enumerate(parts)]
        self.parts = torch.nn.ModuleList([part for _, part in parts])
        self.scale = math.prod(part.scale for _, part in parts)

    def _steps(self) -> list[tuple[str, Degradation]]:
        return [(key, cast(Degradation, part)) for key, part in zip(self.keys, self.parts, strict=True)]

    @torch.no_grad()
    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw for each sample in turn, through all steps."""
        drawn = []
        for sample in range(len(image)):
            one, choices = image[sample : sample + 1], dict[str, Params]()
            for key, part in self._steps():
                choices[key] = part.draw(one, generator)
                if key != self.keys[-1]:
                    one = part(one, choices[key])
            drawn.append(choices)
        return _merge(drawn) if drawn else {key: {} for key in self.keys}

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, H', W')`` in [0, 1]."""
        for key, part in self._steps():
            image = part(image, params[key])
        return image

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, H', W')`` without the steps' noise; what a later step mixes with its neighbours is masked."""
        for key, part in self._steps():
            mixed = type(part).mask is not Degradation.mask and key != self.keys[-1]
            image = part(image, params[key]) if mixed else part.signal(image, params[key])
        return image

    def knowable(self, params: Params) -> Params:
        """Return of each step what may be told. Raises PluginError where one does not say."""
        return {key: part.knowable(params[key]) for key, part in self._steps()}

    def mask(self, image: Tensor, params: Params) -> Tensor | None:
        """Return the union of the steps' masks ``(B, 1, H', W')``, or None. Raises UsageError."""
        if all(type(part).mask is Degradation.mask for _, part in self._steps()):
            return None
        union: Tensor | None = None
        for key, part in self._steps():
            given = image
            image = part(given, params[key])
            union = _united(union, part.mask(given, params[key]), image)
        return union

    def observe(self, image: Tensor, generator: torch.Generator) -> Observation:
        """Draw, apply, and return everything that a model may know about it. Raises UsageError."""
        if len(image) != 1:
            return super().observe(image, generator)
        params: dict[str, Params] = {}
        union: Tensor | None = None
        for key, part in self._steps():
            seen = part.observe(image, generator)
            image, params[key] = seen.image, seen.params
            union = _united(union, seen.mask, image)
        return Observation(image=image, mask=union, degradation=self, params=params)


def _united(mask: Tensor | None, own: Tensor | None, image: Tensor) -> Tensor | None:
    """Join the mask of the steps so far and a step's own, given the image after it. Raises UsageError."""
    if mask is not None and mask.shape[-2:] != image.shape[-2:]:
        raise UsageError("a mask before a change of size has no meaning after it", "put the mask last")
    if mask is None or own is None:
        return own if mask is None else mask
    return torch.maximum(mask, own)


def _merge(drawn: Sequence[Params]) -> dict[str, Any]:
    """Join the parameters of samples: chain lists, merge mappings; everything else is the same in all."""
    merged: dict[str, Any] = {}
    for key, value in drawn[0].items():
        if isinstance(value, Mapping):
            merged[key] = _merge([params[key] for params in drawn])
        elif isinstance(value, list):
            merged[key] = [item for params in drawn for item in params[key]]
        else:
            merged[key] = value
    return merged


def rows(params: Params, index: Sequence[int]) -> dict[str, Any]:
    """Return the parameters of some samples, in this order; a sample may come more than once."""
    chosen: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            chosen[key] = rows(value, index)
        else:
            chosen[key] = [value[i] for i in index] if isinstance(value, list) else value
    return chosen


class Noiseless(Degradation):
    """A degradation as whoever restores may know it: what it does less its noise, by what may be told of its params.

    Args:
        degradation: the whole one.
    """

    def __init__(self, degradation: Degradation) -> None:
        super().__init__()
        self.whole = degradation
        self.scale = degradation.scale

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw, and return what may be told. Raises PluginError where the degradation does not say."""
        return self.whole.knowable(self.whole.draw(image, generator))

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, H', W')``, what the degradation makes of an image less its noise."""
        return self.whole.signal(image, params)

    def mask(self, image: Tensor, params: Params) -> Tensor | None:
        """Return the ``(B, 1, H', W')`` mask of the missing pixels, or None."""
        return self.whole.mask(image, params)


@dataclass(frozen=True, kw_only=True)
class Degraded:
    """A degraded image, what it misses, and the choices that were made."""

    photo: images.Photo
    mask: images.Photo | None
    params: Params


def observe(image: Any, spec: str | Degradation, *, seed: int = 0) -> Degraded:
    """Degrade anything that ``images.load`` takes and tell what was done.

    Args:
        image: path, bytes, PIL image, array or tensor.
        spec: a degradation, or its text.
        seed: of the random choices, from 0 to 2**63 - 1; the same seed gives the same bits.

    Returns:
        The degraded photo, the mask (white = missing) if the degradation has one, and its parameters.

    Raises:
        RestoreError: an input, a name, an option or a seed that cannot be used.
    """
    check_seed(seed)
    harm = build_degradation(spec) if isinstance(spec, str) else spec
    photo = image if isinstance(image, images.Photo) else images.load(image)
    source = photo.source()
    whole = (0, 0, photo.height, photo.width)
    color, alpha = source.read(*whole), source.read_alpha(*whole)
    with torch.no_grad():
        seen = harm.observe(color, torch.Generator().manual_seed(seed))
    _, channels, height, width = seen.image.shape
    if alpha is not None and (height, width) != (photo.height, photo.width):
        alpha = resized_alpha(alpha, height, width)
    canvas = photo.canvas(height=height, width=width, channels=channels)
    canvas.write(0, 0, seen.image, alpha)
    mask = None if seen.mask is None else images.load(seen.mask.mul(255).byte())
    return Degraded(photo=canvas.photo(), mask=mask, params=seen.params)


def resized_alpha(alpha: Tensor, height: int, width: int) -> Tensor:
    """Return alpha ``(B, 1, height, width)``, resized like the image and kept within [0, 1]."""
    return resize(alpha, height, width).clamp(0, 1)


def degrade(image: Any, spec: str | Degradation, *, seed: int = 0) -> Any:
    """Degrade an image and return it as the kind that was given.

    Args:
        image: path, bytes, PIL image, array or tensor.
        spec: ``"bicubic:scale=4|jpeg:quality=60"``, or a Degradation.
        seed: of the random choices, from 0 to 2**63 - 1; the same seed gives the same bits.

    Returns:
        The degraded image. A path gives a Photo, whose ``save``, ``numpy`` and ``pil`` go on from there.

    Raises:
        RestoreError: an input, a name, an option or a seed that cannot be used.
    """
    return images.export(observe(image, spec, seed=seed).photo)
