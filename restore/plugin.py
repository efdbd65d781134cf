"""What a plugin's registration module imports: descriptors, hooks and the two markers.

A hook returns light descriptors that name their factory by import string (``"package.module:Class"``),
so that everything installed can be listed without importing torch. Nothing here may import it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, get_args

import pluggy

from restore.artifacts import NAME, RESOURCE, BlendSpec, NetworkSpec, WeightsSpec, check_type

__all__ = [
    "HOOKS",
    "KINDS",
    "SPECS",
    "BlendSpec",
    "DatasetSpec",
    "DegradationSpec",
    "Hooks",
    "LossSpec",
    "MetricSpec",
    "ModelSpec",
    "NetworkSpec",
    "PriorSpec",
    "ProtocolSpec",
    "RecipeSpec",
    "Spec",
    "Tiling",
    "WeightsSpec",
    "hookimpl",
    "hookspec",
]

hookspec = pluggy.HookspecMarker("restore")
hookimpl = pluggy.HookimplMarker("restore")

FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

Tiling = Literal["exact", "approximate", "discouraged", "internal", "forbidden"]
AtEquality = Literal["zero", "minimal", "unknown"]
Compares = Literal["images", "labels"]
Gradient = Literal["exact", "surrogate"]
DTYPES = ("float32", "bfloat16", "float16")
NEEDS = ("target", "observation", "critic")


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
            check_type(self, item.name, item.type)
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{type(self).__name__} name {self.name!r} must be lower case words joined by hyphens")
        self._check_source()
        networks = [network.name for network in self.networks]
        twice = [network for network in networks if networks.count(network) > 1]
        if twice:
            raise ValueError(f"{self.name!r} has two networks called {twice[0]!r}")
        for label in ("summary", "licence", "task", "size_cure"):
            if not getattr(self, label, "").isprintable():
                raise ValueError(f"{label} of {self.name!r} must be one line of printable text")

    def _check_source(self) -> None:
        if not FACTORY.fullmatch(self.factory):
            raise ValueError(
                f"factory of {self.name!r} must be an import string 'package.module:Name', not {self.factory!r}"
            )


@dataclass(frozen=True, kw_only=True)
class DegradationSpec(Spec):
    """``A`` of ``y = A(x)``: what harms an image."""

    kind: ClassVar[str] = "degradation"

    differentiable: bool = True
    """Whether gradients flow from its output to its input image."""
    gradient: Gradient = "exact"
    """What flows: ``exact``, the derivative of what it computes; ``surrogate``, another function's in its place,
    such as the identity's for rounding (straight-through)."""
    masks: bool = False
    """Whether it takes pixels away, and so yields a mask."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gradient not in get_args(Gradient):
            raise ValueError(f"gradient of {self.name!r} must be one of {get_args(Gradient)}, not {self.gradient!r}")
        if self.gradient == "surrogate" and not self.differentiable:
            raise ValueError(f"{self.name!r} has a surrogate gradient, so gradients flow: differentiable=True")


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """A method that undoes a degradation.

    What depends on options or weights the built module replaces: ``restore.contracts.Model.declared``.
    """

    kind: ClassVar[str] = "model"

    task: str
    """What it undoes: ``super-resolution``, ``inpainting``, ``denoising`` ..."""
    scale: int | None = 1
    """Output side over input side; ``None``: the built module tells."""
    channels: tuple[int, ...] = (3,)
    """Channel counts it takes; a gray image is replicated for a model of (3,)."""
    min_size: int = 1
    """Smallest side of an input, in pixels; smaller ones are padded by reflection."""
    multiple_of: int = 1
    """Sides of an input must be a multiple of this; others are padded."""
    fixed_size: tuple[int, int] | None = None
    """(height, width) of the only input size it takes."""
    size_cure: str = "crop or resize it first"
    """What whoever has an image of another size is told to do."""
    tiling: Tiling = "forbidden"
    """``exact``: tiles with a halo give the whole image's result; ``approximate``: nearly; ``discouraged``: so
    much is lost that only who asks for a tile size gets tiles; ``internal``: the model cuts large images itself;
    ``forbidden``: it must see all of the image."""
    receptive_field: int | None = None
    """Side in input pixels of what one output pixel depends on; the halo of a tile is half of it. Where tiling is
    not ``exact``, of what it depends on noticeably. ``None``: the built module tells, which it must for ``exact``."""
    stochastic: bool = False
    """Whether it samples: its result depends on the seed. Not so with ``tiling="exact"``."""
    keeps_known: bool = False
    """Whether pixels that a mask calls known are right as they are, so that the runtime returns them bit for bit. For
    the task ``inpainting`` they always are; other models may change every pixel."""
    non_blind: bool = False
    """Whether it makes use of the degradation where that is known. Benchmarks then tell it, without the noise, in
    ``Observation.degradation`` and ``params``, and say so beside its scores."""
    dtypes: tuple[str, ...] = ("float32",)
    """Precisions it is proved in: ``float32``, ``bfloat16``, ``float16``."""
    weights: tuple[WeightsSpec, ...] = ()
    """Trained weights; the first is the default. They fill the built module. A model that makes itself of a file
    lists none: its factory has an option ``weights: Path``, and is given the file that the user names."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tiling not in get_args(Tiling):
            raise ValueError(f"tiling of {self.name!r} must be one of {get_args(Tiling)}, not {self.tiling!r}")
        if self.tiling == "exact" and self.stochastic:
            raise ValueError(
                f"{self.name!r} is stochastic and declares exact tiling: tiles draw otherwise than the whole image does"
            )
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

    needs: tuple[str, ...] = ("target",)
    """What it is given beside the prediction: ``target``; ``observation``, with its mask and degradation;
    ``critic``: ``context["critic"]``, from images to logits ``(B,)``, higher for likelier ones."""
    at_equality: AtEquality = "unknown"
    """Its value where the prediction is the target: ``zero``; ``minimal``: no prediction has a lower one."""
    minimum: float | None = None
    """No value lies below it; None: there is no such number."""
    maximum: float | None = None
    """No value lies above it while images are in ``[0, 1]``; None: there is no such number."""
    channels: tuple[int, ...] = (1, 3)
    """Channel counts of the images that it takes."""
    min_size: int = 1
    """Smallest side of an image, in pixels."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_images(self.name, self.channels, self.min_size)
        if set(self.needs) - set(NEEDS):
            raise ValueError(f"needs of {self.name!r} must be among {NEEDS}, not {self.needs!r}")
        if self.at_equality not in get_args(AtEquality):
            raise ValueError(f"at_equality of {self.name!r} must be one of {get_args(AtEquality)}")
        if self.at_equality != "unknown" and "target" not in self.needs:
            raise ValueError(f"{self.name!r} needs no target and says what it is at equality with one")
        low, high = (-math.inf if self.minimum is None else self.minimum), self.maximum
        if math.isnan(low) or not low <= (math.inf if high is None else high):
            raise ValueError(f"values of {self.name!r} cannot lie between {self.minimum!r} and {self.maximum!r}")


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

    compares: Compares = "images"
    """``images``, or ``labels``: whole numbers ``(B,)``."""
    identity: float | None = None
    """Score of what is compared with itself, the best there is: ``math.inf`` for PSNR. None: nothing is said."""
    symmetric: bool = False
    """Whether prediction and target may change places."""
    follows_protocol: bool = True
    """Whether it measures what ``protocol.prepare`` leaves; False: images as they are given, as LPIPS does."""
    channels: tuple[int, ...] = (1, 3)
    """Channel counts of the images that it takes."""
    min_size: int = 1
    """Smallest side of an image, in pixels, once the protocol has cropped it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_images(self.name, self.channels, self.min_size)
        if self.compares not in get_args(Compares):
            raise ValueError(f"compares of {self.name!r} must be one of {get_args(Compares)}, not {self.compares!r}")
        if self.identity is not None and math.isnan(self.identity):
            raise ValueError(f"identity of {self.name!r} must be a number")


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


def _check_images(name: str, channels: tuple[int, ...], min_size: int) -> None:
    if not channels or any(count < 1 for count in channels):
        raise ValueError(f"channels of {name!r} must be counts from 1 on, such as (1, 3), not {channels!r}")
    if min_size < 1:
        raise ValueError(f"min_size of {name!r} must be at least 1, not {min_size!r}")


def _check_tags(name: str, weights: tuple[WeightsSpec, ...]) -> None:
    tags = [w.tag for w in weights]
    twice = [tag for tag in tags if tags.count(tag) > 1]
    if twice:
        raise ValueError(f"{name!r} has two weights with the tag {twice[0]!r}")
