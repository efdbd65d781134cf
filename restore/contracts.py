"""The torch-side interfaces: what the core passes around and what a plugin's factory returns.

One convention holds inside: RGB or gray, float, in ``[0, 1]``, shaped ``(B, C, H, W)``; masks are
``(B, 1, H, W)`` with 1 = missing, to be filled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from restore.errors import InputError, PluginError

if TYPE_CHECKING:
    from restore.benchmark.protocol import Protocol as MetricProtocol
    from restore.plugin import ModelSpec

Params = Mapping[str, Any]
"""What a degradation drew: plain numbers, strings and lists. A value that differs from sample to sample
is a list of one entry a sample of the batch, any other value holds for all; JSON can carry it."""

Batch = Mapping[str, Tensor]
"""What a recipe draws for a step."""
Progress = Callable[[int, int], None]
"""Called with (done, total) while something takes long."""


DECLARATIONS = ("scale", "receptive_field", "trained", "channels_last")
"""Attributes by which a Model tells the runtime of itself."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a model may see.

    Args:
        image: ``(B, C, H, W)`` float in ``[0, 1]``.
        mask: ``(B, 1, H, W)``, 1 = missing, or None when no pixel is.
        degradation: ``A``, when it is known (inversion needs it).
        params: what ``A`` drew (scale, sigma, kernel ...), per sample and replayable.
    """

    image: Tensor
    mask: Tensor | None = None
    degradation: Degradation | None = None
    params: Params = field(default_factory=dict)

    def check_mask(self) -> None:
        """Raise InputError for a mask that is not ``(B, 1, H, W)`` of the image, or not finite; the runtime's are."""
        if self.mask is None:
            return
        if self.mask.shape != (len(self.image), 1, *self.image.shape[-2:]):
            raise InputError(
                f"the mask {tuple(self.mask.shape)} does not belong to images {tuple(self.image.shape)}",
                "it is (B, 1, H, W), of the same size",
            )
        if not torch.isfinite(self.mask).all():
            raise InputError("the mask holds NaN or infinity", "1 = missing, 0 = known")


class Degradation(nn.Module):
    """``A`` of ``y = A(x)``: random choices are drawn and recorded first, then applied by a pure function."""

    scale: int = 1
    """Input side over output side: 4 for a x4 downscaling."""

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw the random choices for a batch.

        Drawing consumes ``generator`` (a CPU generator) sample by sample, so that a batch draws what its
        samples would have drawn one after the other.
        """
        raise NotImplementedError

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``A(image)``, ``(B, C, H', W')`` in ``[0, 1]``; the same params give the same bits."""
        raise NotImplementedError

    def signal(self, image: Tensor, params: Params) -> Tensor:
        """Return ``A(image)`` less its noise: what a latent search compares with what was observed.

        Whoever restores cannot know the noise that was drawn, and must not be told. So a degradation that adds noise
        returns here what it does without; one that takes pixels away may return the image, as only known pixels are
        compared. The gradient of this is the one that the search follows.
        """
        return self(image, params)

    def knowable(self, params: Params) -> Params:
        """Return what of ``params`` whoever restores may be told: all but what the noise could be made again from.

        ``signal`` needs no more than this. A degradation with a ``signal`` of its own says here what that is, such as
        the strength of its noise without the seed.

        Raises:
            PluginError: it does not say.
        """
        if type(self).signal is not Degradation.signal:
            raise PluginError(
                f"{type(self).__name__} has a signal without its noise, and does not say which of its params tell the "
                "noise, so that a model cannot be told of it",
                "this is a defect of its plugin: implement knowable(params)",
            )
        return params

    def mask(self, image: Tensor, params: Params) -> Tensor | None:
        """Return the ``(B, 1, H, W)`` mask of the pixels it takes away (1 = missing), or None."""
        return None

    def observe(self, image: Tensor, generator: torch.Generator) -> Observation:
        """Draw, apply, and return everything that a model may know about it."""
        params = self.draw(image, generator)
        return Observation(image=self(image, params), mask=self.mask(image, params), degradation=self, params=params)


class Model(nn.Module):
    """A restoration method. Stateless between calls, so that threads may share it."""

    scale: int | None = None
    """Output side over input side, where it depends on an option: the ModelSpec then says None."""
    receptive_field: int | None = None
    """Side in input pixels, where it depends on an option: the ModelSpec then says None."""
    trained: bool = False
    """Whether it brings its numbers itself. A network that does not is refused without weights."""
    channels_last: bool = True
    """Whether its convolutions may run in that memory layout; False for code that ``view``s across channels."""

    def declared(self, spec: ModelSpec) -> ModelSpec:
        """Return what holds of this module: the ModelSpec, less what its options or weights decide otherwise.

        The runtime keeps to the answer of the module as it is built. This takes over ``scale`` and
        ``receptive_field`` where the ModelSpec leaves them open; a model of which more is decided so replaces more
        (``dataclasses.replace``).

        Raises:
            PluginError: the ModelSpec and the module say different numbers.
        """
        scale = self._settled(spec, "scale")
        return replace(
            spec, scale=1 if scale is None else scale, receptive_field=self._settled(spec, "receptive_field")
        )

    def informed(self, spec: ModelSpec, degradation: Degradation) -> ModelSpec:
        """Return what holds of this module where it is told of a degradation; asked only if it is ``non_blind``.

        Args:
            spec: what ``declared`` returned.
            degradation: as whoever restores may know it, without noise. One that changes sizes may change ``scale``,
                ``fixed_size`` and ``channels``, and one that leaves no pixel as it is ``keeps_known``.
        """
        return spec

    def _settled(self, spec: ModelSpec, name: str) -> int | None:
        """Return what the ModelSpec or the module says of itself. Raises PluginError where they differ."""
        declared, own = getattr(spec, name), getattr(self, name)
        if None not in (declared, own) and declared != own:
            raise PluginError(
                f"{name} of {spec.name!r} is {declared} in its ModelSpec and {own} in the built {type(self).__name__}",
                f"where an option decides it, ModelSpec(..., {name}=None); else say the same in both, or in one",
            )
        return own if declared is None else declared

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute. Raises PluginError for a tensor or module by the name of what the runtime reads."""
        if name in DECLARATIONS and isinstance(value, Tensor | nn.Module):
            raise PluginError(
                f"{type(self).__name__} keeps a {type(value).__name__} in self.{name}, where the runtime reads what "
                "the model declares",
                f"give it another name, such as self.own_{name}",
            )
        super().__setattr__(name, value)

    def __call__(self, observation: Observation | Tensor) -> Tensor:
        """Take an observation, or as a part of a torch pipeline its image alone."""
        if isinstance(observation, Tensor):
            observation = Observation(image=observation)
        restored: Tensor = super().__call__(observation)
        return restored

    def forward(self, observation: Observation) -> Tensor:
        """Return the restored image, ``(B, C', H', W')`` in ``[0, 1]`` (the runtime clamps)."""
        raise NotImplementedError


class Prior(nn.Module):
    """A generative model: ``decode`` maps a latent to an image."""

    latent_shape: tuple[int, ...]
    domain: Literal["normal", "uniform"] = "normal"
    """What ``sample`` draws from, and where a search stays: normal numbers, or uniform ones in [-1, 1]."""
    trained: bool = False
    """Whether it brings its numbers itself. A network that does not is refused without weights."""

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Return ``n`` latents, ``(n, *latent_shape)``."""
        raise NotImplementedError

    def decode(self, z: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in ``[0, 1]``."""
        raise NotImplementedError


@runtime_checkable
class Encodes(Protocol):
    """A prior that can guess the latent of an image."""

    def encode(self, image: Tensor) -> Tensor:
        """Return latents ``(B, *latent_shape)``."""
        ...


@runtime_checkable
class Criticises(Protocol):
    """A prior that can judge how likely an image is."""

    def critic(self, image: Tensor) -> Tensor:
        """Return logits ``(B,)``, higher for likelier images."""
        ...


@runtime_checkable
class HasFeatures(Protocol):
    """A prior that can compare images by features."""

    def features(self, image: Tensor) -> list[Tensor]:
        """Return feature maps, from fine to coarse."""
        ...


@runtime_checkable
class DecodesInStages(Protocol):
    """A prior whose decoder can be left and entered in between, so that a search may refine what is there.

    ``decode(z)`` is ``decode_from(stage, decode_to(stage, z))`` for every stage.
    """

    stages: int
    """How many places there are: 1 is nearest to the latent, ``stages`` nearest to the image."""

    def decode_to(self, stage: int, z: Tensor) -> Tensor:
        """Return the features at a stage, ``(n, ...)``."""
        ...

    def decode_from(self, stage: int, features: Tensor) -> Tensor:
        """Return images ``(n, C, H, W)`` in ``[0, 1]``."""
        ...


class Loss(nn.Module):
    """A term of an objective, one value per sample."""

    knows_mask: bool = False
    """Whether it leaves out by itself what the observation's mask calls missing, and its value means the same for every
    mask. A search that fits with one that does not divides its value by the share of the known pixels."""

    def forward(
        self,
        prediction: Tensor,
        target: Tensor | None,
        *,
        observation: Observation | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Return ``(B,)``, differentiable in ``prediction``; no gradient flows into ``target``.

        A loss whose LossSpec needs a critic finds it in ``context["critic"]``: images to logits ``(B,)``.
        """
        raise NotImplementedError


class Metric(Protocol):
    """A score of a prediction against a target.

    More class attributes may say how the scores are written: ``label`` (the component's name where it is left
    out), ``unit`` (none) and ``digits`` after the point (4). A ``describe()`` that returns one line, with the hashes
    of the weights that are used, is recorded in results.

    ``__call__`` may take one or both of two more keyword arguments. ``mask``, ``(B, 1, H, W)`` with 1 = missing: only
    these pixels count; a metric that takes it has a second column where a protocol measures the hole.
    ``observation``: what the model saw.
    """

    higher_is_better: ClassVar[bool]

    def __call__(self, prediction: Tensor, target: Tensor, protocol: MetricProtocol) -> Tensor:
        """Return ``(B,)`` float64, on the device of the images; NaN for a sample that has no score.

        The device has float64: benchmarks measure on the CPU what comes from one that has not (mps).

        Args:
            prediction: ``(B, C, H, W)`` float in ``[0, 1]``, or uint8.
            target: the same shape, on the same device.
            protocol: says what is compared; ``protocol.prepare`` rounds, crops and chooses the colour.

        Raises:
            RestoreError: it cannot be computed; a ``WeightsError`` for weights that are not here, a
                ``DamagedWeightsError`` for weights that are not what they should be.
        """
        ...


@runtime_checkable
class ComparesPrepared(Protocol):
    """A metric of images as the protocol prepares them: a pair is prepared once for all such metrics."""

    def compare_prepared(self, prediction: Tensor, target: Tensor, protocol: MetricProtocol, **more: Any) -> Tensor:
        """Return what ``__call__`` returns for images of which these are ``protocol.prepare``'s results.

        Args:
            prediction: prepared.
            target: prepared.
            protocol: that prepared both.
            more: ``mask`` and ``observation``, if ``__call__`` takes them; the mask is not cropped yet.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One network's turn in a step: adversarial training has two, discriminator and generator.

    Args:
        name: for the log, ``generator``.
        network: what is optimised; other networks stay as they are.
        optimizer: holds the network's parameters; its ``lr`` is the initial learning rate.
        objective: from a batch to the scalar loss and the terms worth logging. It may draw from torch's
            global generator, which the loop seeds at each step.
    """

    name: str
    network: nn.Module
    optimizer: Optimizer
    objective: Callable[[Batch], tuple[Tensor, Mapping[str, Tensor]]]


class Recipe(ABC):
    """A training run. Subclasses take their options as keyword arguments, ``seed`` and ``steps`` among them.

    A step is known by its number everywhere: the first is 1, the last is ``steps``. The loop seeds torch
    with ``seed`` before ``build``, and with the seed and the step before each step. Randomness from any
    other source must be a function of the two as well, so that a resumed run sees what an uninterrupted one
    would have seen.
    """

    name: str
    """Name of the recipe, for the card."""
    model: str
    """Name of the model that the exported weights belong to."""
    model_options: Mapping[str, Any]
    """Factory options of that model, written into the weights."""
    steps: int
    """How many steps there are."""
    seed: int
    """0 or more."""
    ema: float = 0.0
    """Decay of the moving average of the weights, validated and exported in their place; 0: none."""
    clip: float | None = None
    """Largest norm of a gradient; None: as it comes."""
    started_from: str = ""
    """Weights that it starts from, with their SHA-256, for the header of those that it makes; empty: none."""
    licence: str = "Apache-2.0"
    """SPDX identifier of the weights, for the card."""
    data_terms: str = ""
    """Terms of the training data, for the card, where the recipe knows them."""
    validation_protocol: str = ""
    """What ``score`` and ``validate`` measure and how, for the card."""

    @abstractmethod
    def load_data(self, folder: Path | None, progress: Progress) -> str:
        """Read the training set.

        Args:
            folder: what the user gave with ``--data``; None: nothing, which suits recipes that bring their data.
            progress: called with (done, total).

        Returns:
            One line for the log and the card, without the folder's path: a resumed run must give the same.

        Raises:
            UsageError: the recipe needs a folder and there is none.
            InputError: data that cannot be used.
        """

    @abstractmethod
    def build(self) -> Sequence[Phase]:
        """Make the networks and optimisers; the last phase holds the network that is exported."""

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """Return the batch of step ``step`` (from 1), on the CPU: a function of the seed and the step."""

    @abstractmethod
    def learning_rate(self, step: int) -> float:
        """Return the factor on every optimiser's initial learning rate for step ``step`` (from 1)."""

    def settle(self, network: nn.Module) -> None:  # noqa: B027 - there may be nothing to do
        """Bring the network that is about to be validated or exported into its final state, in place.

        It is a copy, from which training does not go on, in evaluation mode, on its device, and may be the average of
        the weights: batch norms need statistics of the population then (``restore.training.population``).
        """

    def check_validation(self, folder: Path) -> None:  # noqa: B027 - there may be nothing to check
        """Look, before the data are read, whether ``validate`` will find in a folder what it needs.

        Raises:
            InputError: it will not.
        """

    def validate(self, network: nn.Module, folder: Path) -> Mapping[str, float]:
        """Score the network on a folder of images; an empty mapping when the recipe has no score."""
        return {}

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """Score the network by what the recipe knows already, when it is validated, with a folder of images or without.

        An empty mapping when that takes a folder, or when the recipe has no score.
        """
        return {}

    def pictures(self, network: nn.Module, folder: Path | None) -> Mapping[str, Tensor]:
        """Return what to look at while it trains; an empty mapping when there is nothing.

        Args:
            network: in eval mode, on its device.
            folder: of the images to validate on, or None where the user gave none.

        Returns:
            Images by what they are: float ``(B, C, H, W)`` in [0, 1], B, H and W the same for all. Several are shown
            side by side, ``degraded | restored | original``; one alone, such as ``samples``, as a grid.
        """
        return {}
