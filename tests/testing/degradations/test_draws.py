"""What a degradation draws, alone and in a batch: planted defects are caught."""

from __future__ import annotations

import re

import pytest
import torch

from restore.contracts import Degradation


class Good(Degradation):
    """A share of the light is left, and there is noise by its seed."""

    def draw(self, image, generator):
        lefts, seeds = [], []
        for _ in image:
            lefts.append(0.5 + torch.rand((), generator=generator).item() / 2)
            seeds.append(int(torch.randint(2**48, (), generator=generator)))
        return {"left": lefts, "seed": seeds, "sigma": 0.01}

    def forward(self, image, params):
        noise = [torch.randn(image.shape[1:], generator=torch.Generator().manual_seed(s)) for s in params["seed"]]
        left = image.new_tensor(params["left"]).view(-1, 1, 1, 1)
        return (image * left + torch.stack(noise).to(image) * params["sigma"]).clamp(0, 1)


class Hides(Degradation):
    """The left part is missing, as wide as is drawn."""

    def draw(self, image, generator):
        return {"width": [int(torch.randint(1, 20, (), generator=generator)) for _ in image]}

    def mask(self, image, params):
        missing = image.new_zeros(len(image), 1, *image.shape[-2:])
        for one, width in zip(missing, params["width"], strict=True):
            one[..., :width] = 1
        return missing

    def forward(self, image, params):
        return torch.where(self.mask(image, params).bool(), torch.zeros_like(image), image)


class Counts(Good):
    """It remembers its calls."""

    calls = 0

    def forward(self, image, params):
        self.calls += 1
        return super().forward(image, params) * (1 - 0.01 * self.calls)


class DrawsFromTorch(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "sigma": torch.rand(()).item() / 10}


class IgnoresDraw(Good):
    def forward(self, image, params):
        return image * 0.5


class DrawsTwice(Good):
    """What it applies is not what it recorded."""

    def observe(self, image, generator):
        seen = super().observe(image, generator)
        again = self.draw(image, generator)
        return type(seen)(image=self(image, again), degradation=self, params=seen.params)


class Tuples(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "size": (3, 4)}


class Tensors(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "kernel": torch.ones(3)}


class Infinite(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "limit": float("inf")}


class SharedList(Good):
    def draw(self, image, generator):
        return {**super().draw(image, generator), "kernel": [0.25, 0.75]}


class OneForAll(Good):
    def draw(self, image, generator):
        drawn = super().draw(image[:1], generator)
        return {**drawn, "left": drawn["left"] * len(image), "seed": drawn["seed"] * len(image)}


class ColumnWise(Good):
    """It draws all shares before all seeds."""

    def draw(self, image, generator):
        lefts = [0.5 + torch.rand((), generator=generator).item() / 2 for _ in image]
        seeds = [int(torch.randint(2**48, (), generator=generator)) for _ in image]
        return {"left": lefts, "seed": seeds, "sigma": 0.01}


class LooksAround(Good):
    """The darkest sample decides for all."""

    def forward(self, image, params):
        return super().forward(image, params) * (0.5 + image.mean((1, 2, 3)).min() / 2)


class WrongMaskInBatch(Hides):
    def mask(self, image, params):
        return super().mask(image, {"width": params["width"][:1] * len(image)})

    def forward(self, image, params):
        return torch.where(super().mask(image, params).bool(), torch.zeros_like(image), image)


MASKS = {"masks": True}
DEFECTS = [
    ("same-seed-same-bits", Counts, {}, r"asked again, the images differ by up to 0\.0\d+"),
    ("same-seed-same-bits", DrawsFromTorch, {}, "asked again, .* is drawn, then"),
    ("another-seed-differs", IgnoresDraw, {}, "8 seeds draw .*'left'.* give the same image\n *cure: use in forward"),
    ("params-replay", DrawsTwice, {}, "the images differ by up to"),
    ("params-replay", Tuples, {}, r"params\['size'\] is a plain number.*\(3, 4\) \(tuple\).*list\(values\)"),
    ("params-replay", Tensors, {}, r"params\['kernel'\].*\(Tensor\)"),
    ("params-replay", Infinite, {}, "finite numbers"),
    ("params-replay", SharedList, {}, r"params\['kernel'\], being a list, .* each of 3.*found: 2 entries"),
    ("batch-equals-singles", OneForAll, {}, r"sample 1 of a batch draws.*params\['left'\] is \[0\.\d+\] in the"),
    ("batch-equals-singles", ColumnWise, {}, r"sample 0 of a batch .*params\['seed'\].*finish one before the next"),
    ("batch-equals-singles", LooksAround, {}, r"sample \d of 3 \(RGB, 37 x 29\).*differs by 0\.\d+"),
    ("batch-equals-singles", WrongMaskInBatch, MASKS, "sample 1 of 3 .* has the mask that it has alone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "factory", "declared", "told"),
    DEFECTS,
    ids=[f"{check}-{factory.__name__}" for check, factory, *_ in DEFECTS],
)
def test_a_planted_defect_is_caught(found_by, check, factory, declared, told):
    found = found_by(check, factory, **declared)
    assert re.search(told, found, re.DOTALL), found
