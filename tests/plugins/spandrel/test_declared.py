"""What spandrel knows of a network, in the runtime's words; the networks here are functions worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import DeviceError, InputError, UsageError
from restore.registry import registry
from restore.runtime import Restorer
from restore_spandrel.adapter import Adapted

CPU = torch.device("cpu")


class Negative(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))
        self.shapes = []

    def forward(self, image, mask=None):
        self.shapes.append(tuple(image.shape[-2:]))
        return self.gain - image if mask is None else torch.where(mask > 0, self.gain, image / 2)


@pytest.fixture
def known(library):
    """Return what makes spandrel's descriptor of a Negative, and the Restorer around it."""

    def known(purpose="Restoration", *, tile="auto", tiling="SUPPORTED", **told):
        network = Negative()
        sizes = library.SizeRequirements(**{k: told.pop(k) for k in ("minimum", "multiple_of", "square") if k in told})
        common = {
            "architecture": library.MAIN_REGISTRY["Compact"].architecture, "purpose": purpose, "tags": [],
            "supports_half": False, "supports_bfloat16": True, "input_channels": 3, "output_channels": 3,
            "size_requirements": sizes, "tiling": library.ModelTiling[tiling],
        }  # fmt: skip
        if purpose == "Inpainting":
            descriptor = library.MaskedImageModelDescriptor(network, network.state_dict(), **common, **told)
        else:
            descriptor = library.ImageModelDescriptor(network, network.state_dict(), scale=1, **common, **told)
        component = registry().find("model", "spandrel")
        return Restorer(Adapted(descriptor), component.spec, device=CPU, precision="float32", tile=tile)

    return known


def shapes(restorer):
    return restorer.module.network.shapes


@pytest.mark.parametrize(
    ("purpose", "tiling", "task", "ours"),
    [
        ("SR", "SUPPORTED", "super-resolution", "approximate"),
        ("Restoration", "DISCOURAGED", "restoration", "discouraged"),
        ("Restoration", "INTERNAL", "restoration", "internal"),
        ("Inpainting", "SUPPORTED", "inpainting", "discouraged"),
        ("FaceSR", "SUPPORTED", "face-restoration", "forbidden"),
    ],
)
def test_purpose_and_tiling(known, purpose, tiling, task, ours):
    spec = known(purpose, tiling=tiling).spec
    assert (spec.task, spec.tiling) == (task, ours)


def test_an_internal_tiler_sees_the_whole(known):
    restorer = known(tiling="INTERNAL")
    restorer(torch.rand(3, 300, 400))
    assert shapes(restorer) == [(300, 400)]
    with pytest.raises(UsageError, match="cuts images itself"):
        known(tiling="INTERNAL", tile=64)


@pytest.mark.parametrize(
    ("told", "size", "shown"),
    [
        ({}, (5, 7), (5, 7)),
        ({"multiple_of": 8}, (5, 17), (8, 24)),
        ({"minimum": 20}, (5, 33), (20, 33)),
        ({"minimum": 20, "multiple_of": 8}, (5, 33), (24, 40)),
        ({"multiple_of": 4, "square": True}, (5, 18), (20, 20)),
        ({"square": True}, (1, 40), (40, 40)),
    ],
)
def test_sizes(known, told, size, shown):
    restorer = known(**told)
    image = torch.rand(3, *size)
    assert torch.equal(restorer(image), 1 - image)
    assert shapes(restorer) == [shown]


def test_a_face_has_one_size(known):
    restorer = known("FaceSR", minimum=64)
    image = torch.rand(3, 64, 64)
    assert torch.equal(restorer(image), 1 - image)
    with pytest.raises(InputError, match="takes images of 64 x 64 only"):
        restorer(torch.rand(3, 64, 65))


class TestMasks:
    def test_a_hole_is_filled_and_the_rest_kept(self, known):
        restorer = known("Inpainting", minimum=16, multiple_of=8)
        images = torch.rand(2, 3, 13, 18)
        holes = (torch.rand(2, 1, 13, 18) > 0.5).float()
        assert torch.equal(restorer(images, mask=holes), torch.where(holes > 0, 1.0, images))
        assert shapes(restorer) == [(16, 24), (16, 24)]

    def test_it_needs_one(self, known):
        restorer = known("Inpainting")
        with pytest.raises(UsageError, match="no mask says where"):
            restorer(torch.rand(3, 8, 8))
        with pytest.raises(UsageError, match="there is no mask"):
            restorer.module(torch.rand(1, 3, 8, 8))

    def test_large_ones_are_seen_whole(self, known, monkeypatch):
        monkeypatch.setattr("restore.runtime.memory.CPU_BUDGET", 1)
        hole = torch.ones(1, 200, 300)
        restorer = known("Inpainting")
        restorer(torch.rand(3, 200, 300), mask=hole)
        assert shapes(restorer) == [(200, 300)]

        def full(*_):
            raise MemoryError

        monkeypatch.setattr(restorer.module, "forward", full)
        with pytest.raises(DeviceError) as caught:
            restorer(torch.rand(3, 200, 300), mask=hole)
        assert "--tile 512" in caught.value.cure
