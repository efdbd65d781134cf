"""What a component needs beside its code: weights of its own, and networks of others. Checks that descriptors share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
TAG = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
RESOURCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[^/\\:][^\\:]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
RESERVED = ("model", "device", "precision", "tile", "weights")
"""Arguments of ``restore.load``, which no option of weights may hide."""


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network that others trained and published, cut down to the layers that a component sees with.

    It is not shipped: ``restore weights fetch`` or ``import`` puts it into the store, and
    ``restore.published.Network`` reads it there.
    """

    name: str
    """``lpips-alex``: what ``restore weights`` calls it."""
    url: str = ""
    """The publisher's file, of the whole network: a PyTorch checkpoint or safetensors. Empty where no address is
    known: the network is imported only, and the digest covers all of its layers."""
    sha256: str = ""
    """Of that file."""
    layers: tuple[str, ...]
    """Layers that are used; each has a ``weight`` and a ``bias``."""
    prefix: str = ""
    """Before the layers' names in that file: ``features.``. A file of the layers alone may go without."""
    digest: str = ""
    """Of the tensors of the first ``known`` layers, see ``restore.published.digest_of``."""
    known: int = 0
    """How many layers the digest covers. Where it is not all of them only the publisher's own file is taken."""
    further: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Layers that a file may go on with, in order, with the shapes of their weights. They are taken on trust: all that
    is known of them is that a file which holds them begins as it should."""
    summary: str = ""
    licence: str = ""
    """Terms of the weights."""

    def __post_init__(self) -> None:
        for item in fields(self):
            check_type(self, item.name, item.type)
        if not NAME.fullmatch(self.name):
            raise ValueError(f"network name {self.name!r} must be lower case words joined by hyphens")
        if self.url and not re.fullmatch(r"(https|file)://\S+", self.url):
            raise ValueError(f"url of network {self.name!r} must begin with https://, not be {self.url!r}")
        if not self.url and (self.sha256 or self.known < len(self.layers)):
            raise ValueError(
                f"network {self.name!r} has no url: it needs no sha256, and a digest of all of its layers to know it by"
            )
        needed = (["sha256"] if self.url else []) + (["digest"] if self.digest or self.known else [])
        for label in needed:
            if not SHA256.fullmatch(getattr(self, label)):
                raise ValueError(f"{label} of network {self.name!r} must be 64 lower case hexadecimal digits")
        if not bool(self.digest) <= self.known <= len(self.layers):
            raise ValueError(
                f"the digest of network {self.name!r} covers {self.known} of {len(self.layers)} layers: "
                "at least one, and not more than there are"
            )
        if not self.layers:
            raise ValueError(f"network {self.name!r} has no layers")
        for pair in self.further:
            if [type(part) for part in pair] != [str, tuple]:
                raise TypeError(f"further of network {self.name!r} must be pairs of a layer and a shape, not {pair!r}")
        for label in ("summary", "licence"):
            if not getattr(self, label).isprintable():
                raise ValueError(f"{label} of network {self.name!r} must be one line of printable text")


@dataclass(frozen=True, kw_only=True)
class BlendSpec:
    """An option from 0 to 1 that moves weights towards others of the same network, number by number."""

    option: str
    """What it is called: ``fidelity`` in ``srgan:fidelity=0.5``. No option of the factory."""
    towards: str
    """The weights at 1, ``model.tag``, or ``distribution:model.tag``; at 0 it is those that declare it."""
    summary: str = ""
    """One line for ``restore info``."""

    def __post_init__(self) -> None:
        for item in fields(self):
            check_type(self, item.name, item.type)
        if not self.option.isidentifier() or self.option in RESERVED:
            raise ValueError(f"{self.option!r} cannot be the option of a blend: it is no free name for an argument")
        model, dot, tag = self.towards.rpartition(":")[2].partition(".")
        if not dot or not NAME.fullmatch(model) or not TAG.fullmatch(tag):
            raise ValueError(f"a blend goes towards weights 'model.tag', not {self.towards!r}")
        if not self.summary.isprintable():
            raise ValueError(f"summary of the blend {self.option!r} must be one line of printable text")


@dataclass(frozen=True, kw_only=True)
class WeightsSpec:
    """Trained weights of a model, shipped inside a plugin's package."""

    tag: str
    """Name after the dot: ``psnr-x4`` in ``srresnet.psnr-x4``."""
    file: str
    """``package:path`` of a safetensors file inside the installed package."""
    sha256: str
    """Hash of the file, checked before it is opened."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Factory options that the weights were trained with."""
    summary: str = ""
    licence: str = ""
    """Terms of the weights, and of the data they were trained on."""
    card: str = ""
    """``package:path`` of the Markdown card: recipe, data, seed, steps, measured scores."""
    blend: BlendSpec | None = None
    """An option that moves them towards other weights of the same network."""

    def __post_init__(self) -> None:
        for item in fields(self):
            check_type(self, item.name, item.type)
        if not TAG.fullmatch(self.tag):
            raise ValueError(f"weights tag {self.tag!r} must be lower case words joined by hyphens")
        if not SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256 of weights {self.tag!r} must be 64 lower case hexadecimal digits")
        for location in filter(None, (self.file, self.card)):
            if not RESOURCE.fullmatch(location) or ".." in location:
                raise ValueError(f"weights {self.tag!r} lie at 'package:path', not at {location!r}")
        if not self.file.endswith(".safetensors"):
            raise ValueError(f"weights {self.tag!r} must be a .safetensors file, not {self.file!r}")
        if not all(isinstance(key, str) for key in self.options):
            raise TypeError(f"options of weights {self.tag!r} must have names, not {list(self.options)!r}")
        if self.blend is not None and self.blend.option in self.options:
            raise ValueError(f"{self.blend.option!r} of weights {self.tag!r} is an option of the network already")


_CHECKS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float | None": (float, int, type(None)),
    "BlendSpec | None": (BlendSpec, type(None)),
    "tuple[int, ...]": (tuple,),
    "tuple[str, ...]": (tuple,),
    "tuple[int, int] | None": (tuple, type(None)),
    "tuple[WeightsSpec, ...]": (tuple,),
    "tuple[NetworkSpec, ...]": (tuple,),
    "tuple[tuple[str, tuple[int, ...]], ...]": (tuple,),
    "Mapping[str, Any]": (Mapping,),
    "Tiling": (str,),
    "AtEquality": (str,),
    "Compares": (str,),
    "Gradient": (str,),
}
_ITEMS: Mapping[str, type] = {
    "tuple[int, ...]": int,
    "tuple[str, ...]": str,
    "tuple[int, int] | None": int,
    "tuple[WeightsSpec, ...]": WeightsSpec,
    "tuple[NetworkSpec, ...]": NetworkSpec,
    "tuple[tuple[str, tuple[int, ...]], ...]": tuple,
}


def _is(value: object, wanted: tuple[type, ...]) -> bool:
    """Tell whether a value is of the types; unlike ``isinstance``, True is no whole number."""
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))


def check_type(owner: object, name: str, annotation: Any) -> None:
    """Raise TypeError, naming owner and field, where a field of a descriptor does not hold what it is declared to."""
    value = getattr(owner, name)
    wanted = _CHECKS.get(annotation)
    if wanted is None:  # a field that a plugin's own subclass adds
        return
    items = value if annotation in _ITEMS and isinstance(value, tuple) else ()
    if not _is(value, wanted) or not all(_is(item, (_ITEMS[annotation],)) for item in items):
        label = getattr(owner, "name", getattr(owner, "tag", "?"))
        raise TypeError(
            f"{type(owner).__name__} {label!r}: {name} must be {annotation}, not {value!r} ({type(value).__name__})"
        )
