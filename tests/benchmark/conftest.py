"""A plugin with protocols, metrics and models that fail, dawdle and gamble; and folders of tiny images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restore.registry import registry

PLUGIN = """
    from restore.plugin import MetricSpec, ModelSpec, ProtocolSpec, hookimpl

    def model(name, task="super-resolution", scale=None):
        factory = "restore_lab.parts:" + name.title()
        return ModelSpec(name=name, factory=factory, task=task, scale=scale, channels=(1, 3))

    @hookimpl
    def restore_models():
        upscalers = [model(name) for name in ("plain", "picky", "dice", "slow", "wrong", "quitter")]
        own = [model("chameleon"), model("broken", scale=2)]
        return [*upscalers, *own, model("filler", task="inpainting", scale=1)]

    @hookimpl
    def restore_metrics():
        names = ("levels", "fussy", "learned", "costly", "odd", "leaver")
        return [MetricSpec(name=n, factory="restore_lab.parts:" + n.title()) for n in names]

    @hookimpl
    def restore_protocols():
        return [ProtocolSpec(name=n, factory="restore_lab.parts:" + n.replace("-", "_")) for n in ("lab", "lab-holes")]
"""
PARTS = '''
    import os, time
    from dataclasses import replace
    from pathlib import Path
    import torch
    from restore.benchmark.protocol import Protocol
    from restore.contracts import Model
    from restore.errors import DamagedWeightsError, InputError, WeightsError

    SR = dict(task="super-resolution", degradation="bicubic:scale=2", scale=2, image="rgb", rounding="uint8")

    def lab():
        return Protocol(id="lab", baselines=("plain",), datasets=("one", "two"), metrics=("levels",), **SR)

    def lab_holes():
        return Protocol(id="lab-holes", task="inpainting", degradation="mask-random:share=0.4", image="rgb",
                        metrics=("levels",), regions=("image", "hole"), rounding="uint8")

    class Plain(Model):
        def __init__(self, scale: int = 2) -> None:
            super().__init__()
            self.scale = scale

        def forward(self, observation):
            if log := os.environ.get("LAB_LOG"):
                with open(log, "a") as file:
                    file.write(type(self).__name__ + chr(10))
            return self.restored(observation.image.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3))

        def restored(self, image):
            return image

    class Picky(Plain):
        def restored(self, image):
            if image.mean() > 0.9:
                raise ValueError("too bright for me")
            return image

    class Dice(Plain):
        def restored(self, image):
            return (image + torch.rand(image.shape)).clamp(0, 1)

    class Slow(Plain):
        def restored(self, image):
            time.sleep(0.15)
            return image

    class Wrong(Plain):
        def restored(self, image):
            return image[..., :1]

    class Quitter(Plain):
        def restored(self, image):
            raise SystemExit(0)

    class Filler(Plain):
        scale = 1

        def __init__(self) -> None:
            super().__init__(scale=1)

        def restored(self, image):
            return torch.ones_like(image)

    class Chameleon(Model):
        def __init__(self, weights: Path) -> None:
            super().__init__()
            self.told = weights.read_text()

        def declared(self, spec):
            if self.told == "holes":
                return replace(spec, scale=1, task="inpainting")
            return replace(spec, scale=int(self.told))

    class Broken(Model):
        def __init__(self) -> None:
            raise RuntimeError("no such luck")

    class Levels:
        """Mean absolute error in levels."""
        label, unit, digits = "Levels off", "levels", 1
        higher_is_better = False

        def describe(self):
            return "mean absolute error"

        def __call__(self, prediction, target, protocol, *, mask=None):
            difference = (protocol.prepare(prediction).double() - protocol.prepare(target).double()).abs()
            if mask is None:
                return difference.mean((1, 2, 3))
            weight = mask.double().expand_as(difference)
            return (difference * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3))

    class Fussy:
        higher_is_better = True

        def __call__(self, prediction, target, protocol):
            if prediction.shape[-1] < 20:
                raise InputError("20 pixels are needed", "use larger images")
            return torch.tensor([float("inf")])

    class Learned:
        higher_is_better = True

        def __call__(self, prediction, target, protocol):
            if not os.environ.get("LAB_WEIGHTS"):
                raise WeightsError("the weights are not here", "restore weights fetch learned")
            if os.environ["LAB_WEIGHTS"] == "damaged":
                raise DamagedWeightsError("learned.safetensors is damaged", "restore weights fetch learned")
            return torch.ones(1, dtype=torch.float64)

    class Leaver:
        higher_is_better = True

        def __call__(self, prediction, target, protocol):
            raise SystemExit(0)

    class Odd:
        def __call__(self, prediction, target, protocol):
            score = float(prediction[0, 0, 0, 0])
            if score == 1:
                return torch.ones(3)
            return torch.tensor(float("nan")) if score == 2 else score

    class Costly:
        higher_is_better, unit = False, "coins"

        def __init__(self):
            raise WeightsError("the weights are not here", "restore weights fetch costly")
'''


@pytest.fixture
def lab(site):
    """Install the plugin."""
    site.install("restore-lab", PLUGIN, files={"parts.py": "\n".join(line[4:] for line in PARTS.splitlines())})
    return registry()


@pytest.fixture
def pictures(tmp_path) -> Callable[..., Path]:
    """Return what fills a folder with noise pictures of a size, by name."""

    def fill(folder: str, **sizes: tuple[int, int]) -> Path:
        target = tmp_path / folder
        target.mkdir(parents=True, exist_ok=True)
        for number, (name, size) in enumerate(sizes.items()):
            pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)
            Image.fromarray(pixels).save(target / f"{name}.png")
        return target

    return fill
