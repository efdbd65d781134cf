"""What a plugin's registration module imports: descriptors, hooks and the two markers.

A hook returns light descriptors that name their factory by import string (``"package.module:Class"``),
so that everything installed can be listed without importing torch. Nothing here may import it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, get_args

import pluggy

hookspec = pluggy.HookspecMarker("restore")
hookimpl = pluggy.HookimplMarker("restore")

NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
TAG = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
RESOURCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[^/\\:][^\\:]*")
SHA256 = re.compile(r"[0-9a-f]{64}")

Tiling = Literal["exact", "approximate", "internal", "forbidden"]
DTYPES = ("float32", "bfloat16", "float16")


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
    digest: str
    """Of the tensors of the first ``known`` layers, see ``restore.published.digest_of``."""
    known: int
    """How many layers the digest covers. Where it is not all of them only the publisher's own file is taken."""
    summary: str = ""
    licence: str = ""
    """Terms of the weights."""

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_type(self, item.name, item.type)
        if not NAME.fullmatch(self.name):
            raise ValueError(f"network name {self.name!r} must be lower case words joined by hyphens")
        if self.url and not re.fullmatch(r"(https|file)://\S+", self.url):
            raise ValueError(f"url of network {self.name!r} must begin with https://, not be {self.url!r}")
        if not self.url and (self.sha256 or self.known < len(self.layers)):
            raise ValueError(
                f"network {self.name!r} has no url: it needs no sha256, and a digest of all of its layers to know it by"
            )
        for label in ("sha256", "digest") if self.url else ("digest",):
            if not SHA256.fullmatch(getattr(self, label)):
                raise ValueError(f"{label} of network {self.name!r} must be 64 lower case hexadecimal digits")
        if not 1 <= self.known <= len(self.layers):
            raise ValueError(
                f"the digest of network {self.name!r} covers {self.known} of {len(self.layers)} layers: "
                "at least one, and not more than there are"
            )
        for label in ("summary", "licence"):
            if not getattr(self, label).isprintable():
                raise ValueError(f"{label} of network {self.name!r} must be one line of printable text")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A component as it is listed: its name, what makes it, and where it comes from."""

    kind: ClassVar[str] = ""

    name: str
    """Short name, lower case, words joined by hyphens: ``gaussian-blur``."""
    factory: str
    """Import string of a callable; its keyword arguments are the component's options."""
    summary: str = ""
    """One line for ``restore list``."""
    licence: str = ""
    """SPDX identifier of the code."""
    citation: str = ""
    """Paper and equation that define it."""
    networks: tuple[NetworkSpec, ...] = ()
    """Networks of others that it sees with, or may by its options; the first is the default."""

    def __post_init__(self) -> None:
        """Check the fields. Raises TypeError or ValueError that names the field and the component."""
        for item in fields(self):
            _check_type(self, item.name, item.type)
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{type(self).__name__} name {self.name!r} must be lower case words joined by hyphens")
        self._check_source()
        networks = [network.name for network in self.networks]
        twice = [network for network in networks if networks.count(network) > 1]
        if twice:
            raise ValueError(f"{self.name!r} has two networks called {twice[0]!r}")
        for label in ("summary", "licence", "task"):
            if not getattr(self, label, "").isprintable():
                raise ValueError(f"{label} of {self.name!r} must be one line of printable text")

    def _check_source(self) -> None:
        if not FACTORY.fullmatch(self.factory):
            raise ValueError(
                f"factory of {self.name!r} must be an import string 'package.module:Name', not {self.factory!r}"
            )


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

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_type(self, item.name, item.type)
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


@dataclass(frozen=True, kw_only=True)
class DegradationSpec(Spec):
    """``A`` of ``y = A(x)``: what harms an image."""

    kind: ClassVar[str] = "degradation"

    differentiable: bool = True
    """Whether gradients flow from its output to its input image."""
    masks: bool = False
    """Whether it takes pixels away, and so yields a mask."""


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """A method that undoes a degradation."""

    kind: ClassVar[str] = "model"

    task: str
    """What it undoes: ``super-resolution``, ``inpainting``, ``denoising`` ..."""
    scale: int | None = 1
    """Output side over input side; ``None``: the built module's ``scale`` attribute tells."""
    channels: tuple[int, ...] = (3,)
    """Channel counts it takes; a gray image is replicated for a model of (3,)."""
    min_size: int = 1
    """Smallest side of an input, in pixels; smaller ones are padded by reflection."""
    multiple_of: int = 1
    """Sides of an input must be a multiple of this; others are padded."""
    fixed_size: tuple[int, int] | None = None
    """(height, width) of the only input size it takes."""
    tiling: Tiling = "forbidden"
    """``exact``: tiles with a halo give the whole image's result; ``approximate``: nearly;
    ``internal``: the model cuts large images itself; ``forbidden``: it must see all of the image."""
    receptive_field: int | None = None
    """Side in input pixels of what one output pixel depends on; the halo of a tile is half of it."""
    dtypes: tuple[str, ...] = ("float32",)
    """Precisions it is proved in: ``float32``, ``bfloat16``, ``float16``."""
    weights: tuple[WeightsSpec, ...] = ()
    """Trained weights; the first is the default."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tiling not in get_args(Tiling):
            raise ValueError(f"tiling of {self.name!r} must be one of {get_args(Tiling)}, not {self.tiling!r}")
        if self.tiling == "exact" and self.receptive_field is None:
            raise ValueError(f"{self.name!r} declares exact tiling and no receptive_field")
        sizes = ("scale", "min_size", "multiple_of", "receptive_field", "channels", "fixed_size")
        for name in sizes:
            value = getattr(self, name)
            if value is not None and any(n < 1 for n in (value if isinstance(value, tuple) else (value,))):
                raise ValueError(f"{name} of {self.name!r} must be at least 1, not {value!r}")
        if not self.channels:
            raise ValueError(f"{self.name!r} takes no number of channels")
        if self.fixed_size is not None and len(self.fixed_size) != 2:
            raise ValueError(f"fixed_size of {self.name!r} must be (height, width), not {self.fixed_size!r}")
        if not self.dtypes or set(self.dtypes) - set(DTYPES):
            raise ValueError(f"dtypes of {self.name!r} must be among {DTYPES}, not {self.dtypes!r}")
        _check_tags(self.name, self.weights)


@dataclass(frozen=True, kw_only=True)
class LossSpec(Spec):
    """A term of a training or inversion objective."""

    kind: ClassVar[str] = "loss"


@dataclass(frozen=True, kw_only=True)
class PriorSpec(Spec):
    """A generative model whose latent space can be searched."""

    kind: ClassVar[str] = "prior"
    weights: tuple[WeightsSpec, ...] = ()
    """Trained weights; the first is the default."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_tags(self.name, self.weights)


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A score of a prediction against a target."""

    kind: ClassVar[str] = "metric"


@dataclass(frozen=True, kw_only=True)
class RecipeSpec(Spec):
    """A training run that ``restore train`` carries out."""

    kind: ClassVar[str] = "recipe"
    model: str = ""
    """Name of the model or prior that it trains."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(Spec):
    """Images with a known layout on disk."""

    kind: ClassVar[str] = "dataset"


@dataclass(frozen=True, kw_only=True)
class ProtocolSpec(Spec):
    """A named way of measuring: images, degradation, colour space, crop, rounding, metrics.

    It is written down in a TOML file, or made by a factory.
    """

    kind: ClassVar[str] = "protocol"

    factory: str = ""
    """Import string of a callable without options that returns a ``restore.benchmark.Protocol``."""
    file: str = ""
    """``package:path`` of a TOML file inside the installed package, in place of a factory."""

    def _check_source(self) -> None:
        if bool(self.factory) == bool(self.file):
            raise ValueError(f"protocol {self.name!r} is made by a factory or written in a file: give one of them")
        if self.factory:
            super()._check_source()
        elif not RESOURCE.fullmatch(self.file) or ".." in self.file or not self.file.endswith(".toml"):
            raise ValueError(f"protocol {self.name!r} lies at 'package:path.toml', not at {self.file!r}")


SPECS: tuple[type[Spec], ...] = (
    DegradationSpec, ModelSpec, LossSpec, PriorSpec, MetricSpec, RecipeSpec, DatasetSpec, ProtocolSpec,
)  # fmt: skip
KINDS: tuple[str, ...] = tuple(spec.kind for spec in SPECS)


class Hooks:
    """The hooks a plugin may implement; each returns the components it contributes."""

    @hookspec
    def restore_degradations(self) -> Iterable[DegradationSpec]:
        """Degradations, ``y = A(x)``."""
        raise NotImplementedError

    @hookspec
    def restore_models(self) -> Iterable[ModelSpec]:
        """Models that restore an observation."""
        raise NotImplementedError

    @hookspec
    def restore_losses(self) -> Iterable[LossSpec]:
        """Terms of training and inversion objectives."""
        raise NotImplementedError

    @hookspec
    def restore_priors(self) -> Iterable[PriorSpec]:
        """Generative models with a latent space."""
        raise NotImplementedError

    @hookspec
    def restore_metrics(self) -> Iterable[MetricSpec]:
        """Scores of a prediction."""
        raise NotImplementedError

    @hookspec
    def restore_recipes(self) -> Iterable[RecipeSpec]:
        """Training runs."""
        raise NotImplementedError

    @hookspec
    def restore_datasets(self) -> Iterable[DatasetSpec]:
        """Data sets."""
        raise NotImplementedError

    @hookspec
    def restore_protocols(self) -> Iterable[ProtocolSpec]:
        """Evaluation protocols."""
        raise NotImplementedError


HOOKS: Mapping[str, type[Spec]] = dict(
    zip([name for name in vars(Hooks) if name.startswith("restore_")], SPECS, strict=True)
)


_CHECKS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "tuple[int, ...]": (tuple,),
    "tuple[str, ...]": (tuple,),
    "tuple[int, int] | None": (tuple, type(None)),
    "tuple[WeightsSpec, ...]": (tuple,),
    "tuple[NetworkSpec, ...]": (tuple,),
    "Mapping[str, Any]": (Mapping,),
    "Tiling": (str,),
}
_ITEMS: Mapping[str, type] = {
    "tuple[int, ...]": int,
    "tuple[str, ...]": str,
    "tuple[int, int] | None": int,
    "tuple[WeightsSpec, ...]": WeightsSpec,
    "tuple[NetworkSpec, ...]": NetworkSpec,
}


def _check_tags(name: str, weights: tuple[WeightsSpec, ...]) -> None:
    tags = [w.tag for w in weights]
    twice = [tag for tag in tags if tags.count(tag) > 1]
    if twice:
        raise ValueError(f"{name!r} has two weights with the tag {twice[0]!r}")


def _is(value: object, wanted: tuple[type, ...]) -> bool:
    """Tell whether a value is of the types; unlike ``isinstance``, True is no whole number."""
    return isinstance(value, wanted) and (bool in wanted or not isinstance(value, bool))


def _check_type(owner: object, name: str, annotation: Any) -> None:
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
