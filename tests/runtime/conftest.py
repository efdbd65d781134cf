"""Models small enough to be worked out by hand, the Restorer around them, and a plugin with weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn

from restore.contracts import Model, Observation
from restore.plugin import ModelSpec
from restore.registry import registry
from restore.runtime import Restorer

CPU = torch.device("cpu")


class Fake(Model):
    """A function of the observation as a model; it notes the shapes of what it was shown."""

    def __init__(self, function: Callable[[Observation], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, observation: Observation) -> Tensor:
        self.shapes.append(tuple(observation.image.shape))
        return self.function(observation)


class Strided(Model):
    """Two strided convolutions and the way back: alignment to multiples of 4 matters to every pixel.

    An output pixel sees its cell of 4 x 4 and, in cells, one on each side.
    """

    receptive_field = 16

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 2, 2), nn.ReLU(), nn.Conv2d(8, 16, 2, 2), nn.ReLU())
        self.middle = nn.Conv2d(16, 16, 3, padding=1)
        self.up = nn.Sequential(nn.ConvTranspose2d(16, 3, 4, 4), nn.Sigmoid())

    def forward(self, observation: Observation) -> Tensor:
        image = observation.image
        assert image.shape[-1] % 4 == image.shape[-2] % 4 == 0
        return self.up(self.middle(self.down(image)))


@pytest.fixture
def make() -> Callable[..., Restorer]:
    """Return what makes a Restorer of a module, or of a function of the observation."""

    def make(what: Any, *, tile: Any = "auto", precision: str = "float32", **declared: Any) -> Restorer:
        module = what if isinstance(what, Model) else Fake(what)
        declared = {"name": "fake", "factory": "fake:Fake", "task": "denoising", **declared}
        return Restorer(module, ModelSpec(**declared), device=CPU, precision=precision, tile=tile)

    return make


@pytest.fixture
def strided() -> Model:
    torch.manual_seed(5)
    return Strided()


@pytest.fixture
def srresnet() -> Callable[..., Any]:
    """Return what builds an SRResNet with random weights and tiles of a size."""

    def build(*, tile: Any = "off", precision: str = "float32", seed: int = 0, **options: Any) -> Restorer:
        component = registry().find("model", "srresnet")
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            module = component.build(**options)
        return Restorer(module, component.spec, device=CPU, precision=precision, tile=tile)

    return build


@pytest.fixture
def picture() -> Callable[..., Any]:
    """Return what draws noise over a gradient: a uint8 image ``(H, W, C)``, or ``(H, W)`` for no channels."""

    def picture(height: int, width: int, *channels: int, seed: int = 0) -> Any:
        shape = (height, width, *channels)
        noise = np.random.default_rng(seed).integers(0, 56, shape)
        ramp = np.linspace(0, 200, width).reshape(1, width, *([1] * len(channels)))
        return (noise + ramp).astype(np.uint8)

    return picture


NETWORK = '''
import torch
from torch import nn
from restore.contracts import Model

class Toy(Model):
    def __init__(self, width: int = 4, bias: bool = True, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.receptive_field = 5
        first = nn.Conv2d(3, width, 3, padding=1, bias=bias)
        self.layers = nn.Sequential(first, nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, observation):
        return self.layers(observation.image) * self.gain

class Files(torch.utils.data.Dataset):
    """Restores in the worker."""

    def __init__(self, restorer, images):
        self.restorer, self.images = restorer, images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.restorer(self.images[index])

def wrong(width: int = 4):
    return nn.Conv2d(3, width, 1)
'''


def toy_state(width: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return weights of the network."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {
        "layers.0.weight": (width, 3, 3, 3),
        "layers.0.bias": (width,),
        "layers.1.weight": (3, width, 3, 3),
        "layers.1.bias": (3,),
    }
    return {name: torch.rand(shape, generator=generator) * 0.1 for name, shape in shapes.items()}


def toy_content(width: int, seed: int = 0, **metadata: object) -> bytes:
    """Return a safetensors file of them."""
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    return save(toy_state(width, seed), text or None)


SMALL, LARGE, SECOND = toy_content(4, 1), toy_content(8, 2), toy_content(8, 3)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


PLUGIN = f"""
from restore.plugin import ModelSpec, WeightsSpec, hookimpl

def weights(tag, sha256, width):
    file = f"restore_toy:data/{{tag}}.safetensors"
    return WeightsSpec(tag=tag, file=file, sha256=sha256, options={{"width": width}})

@hookimpl
def restore_models():
    common = dict(factory="restore_toy.net:Toy", task="denoising", tiling="exact", receptive_field=5)
    known = (
        weights("small", "{digest(SMALL)}", 4),
        weights("large", "{digest(LARGE)}", 8),
        weights("second", "{digest(SECOND)}", 8),
    )
    return [
        ModelSpec(name="toy", dtypes=("float32", "bfloat16"), weights=known, **common),
        ModelSpec(name="plain", **common),
        ModelSpec(name="wrong", factory="restore_toy.net:wrong", task="denoising"),
    ]
"""
FILES: dict[str, str | bytes] = {
    "net.py": NETWORK,
    "data/small.safetensors": SMALL,
    "data/large.safetensors": LARGE,
    "data/second.safetensors": SECOND,
}


@pytest.fixture
def toy(site: Any) -> Any:
    """Return what installs a plugin whose network comes in two widths, with weights for each."""

    def install(**replaced: bytes | None) -> None:
        files = {**FILES, **{f"data/{tag}.safetensors": data for tag, data in replaced.items()}}
        site.install("restore-toy", PLUGIN, files={path: data for path, data in files.items() if data is not None})

    return SimpleNamespace(install=install, state=toy_state, content=toy_content)
