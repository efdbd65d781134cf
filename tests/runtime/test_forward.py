"""A pass: the precision it runs in, what is redone in float32, and what counts as lack of memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.contracts import Model
from restore.errors import PluginError
from restore.runtime.forward import Tally, ran_out_of_memory


class Huge(Model):
    """A convolution by a number that float32 can hold; bfloat16 ends at 3.3895e38."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, groups=3, bias=False)
        nn.init.constant_(self.conv.weight, 3.4e38)

    def forward(self, observation):
        return self.conv(observation.image).float() / 3.4e38


def test_what_overflows_in_bfloat16_is_redone_in_float32_and_counted(make):
    image = torch.rand(3, 200, 310) * 0.9 + 0.1
    declared = {"tile": 150, "tiling": "exact", "receptive_field": 9}
    outcome = make(Huge(), precision="bfloat16", **declared).restore(image)
    assert torch.allclose(outcome.image, image, atol=1e-6)
    assert outcome.report.redone_in_float32 == outcome.report.tiles == 6
    assert make(Huge(), precision="float32", **declared).restore(image).report.redone_in_float32 == 0


def test_only_the_tiles_that_need_it_are_redone(make):
    def model(seen):
        spoilt = torch.is_autocast_enabled("cpu") and seen.image.max() > 0.5
        return seen.image * (float("nan") if spoilt else 1)

    image = torch.zeros(3, 200, 310)
    image[:, 10, 10] = 1
    outcome = make(model, precision="bfloat16", tile=150, tiling="exact", receptive_field=9).restore(image)
    assert torch.equal(outcome.image, image)
    assert (outcome.report.redone_in_float32, outcome.report.tiles) == (1, 6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_precision_reaches_the_network_and_no_other_does(srresnet, precision):
    """Not even that of an autocast the caller is in."""
    found = []
    restorer = srresnet(precision=precision, scale=2, blocks=1, channels=4)
    restorer.module.head[1].register_forward_hook(lambda module, inputs, output: found.append(output.dtype))
    image = torch.rand(3, 9, 8)
    plain = restorer(image)
    with torch.autocast("cpu", torch.bfloat16 if precision == "float32" else torch.float16):
        inside = restorer(image)
    assert found == [getattr(torch, precision)] * 2
    assert torch.equal(plain, inside)
    assert plain.dtype == torch.float32


def test_networks_of_convolutions_get_channels_last(make, strided):
    layouts = []

    def spy(module, inputs):
        layouts.append(inputs[0].image.is_contiguous(memory_format=torch.channels_last))

    strided.register_forward_pre_hook(spy)
    make(strided)(torch.rand(3, 8, 12))
    assert layouts == [True]
    plain = make(lambda seen: layouts.append(seen.image.is_contiguous()) or seen.image)
    plain(torch.rand(3, 8, 12))
    assert layouts == [True, True]


def test_no_graph_is_kept(make):
    """Of a model that searches with gradients, whose graph would hold the tensors of all of its steps."""
    forward = make(lambda seen: seen.image.clone().requires_grad_())._forward
    assert not forward(torch.rand(2, 3, 5, 7), None, Tally()).requires_grad


def test_what_counts_as_lack_of_memory():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**60, dtype=torch.uint8)
    assert ran_out_of_memory(refused.value)
    assert ran_out_of_memory(MemoryError())
    assert ran_out_of_memory(torch.OutOfMemoryError())
    assert ran_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"))
    assert not ran_out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not ran_out_of_memory(ValueError("DefaultCPUAllocator"))


def test_a_network_that_relies_on_the_usual_layout_keeps_it(make, strided):
    layouts = []

    def note(_, inputs):
        layouts.append(inputs[0].image.is_contiguous())

    strided.channels_last = False
    strided.register_forward_pre_hook(note)
    make(strided, multiple_of=4)(torch.rand(2, 3, 8, 12))
    assert layouts == [True]
    assert all(p.is_contiguous() for p in strided.parameters())


def test_a_model_that_exits_does_not_end_the_program(make):
    def quitter(seen):
        if seen.image.max() > 0.5:
            raise SystemExit(0)
        return seen.image

    dark, bright = torch.zeros(3, 8, 8), torch.ones(3, 8, 8)
    with pytest.raises(PluginError, match=r"fake called for the end of the program: SystemExit\(0\)"):
        make(quitter)(bright)
    outcomes = list(make(quitter).map([dark, bright]))
    assert [outcome.error is None for outcome in outcomes] == [True, False]
