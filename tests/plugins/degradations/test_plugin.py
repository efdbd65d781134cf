"""What holds for every degradation: replayable, per sample, without side effects, and as it declares."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.composition import build_degradation
from restore.options import describe
from restore.registry import registry
from restore_degradations.plugin import restore_degradations

SPECS = {spec.name: spec for spec in restore_degradations()}
RANGES = {
    "gaussian-blur": ":sigma=0.5+2",
    "gaussian-noise": ":sigma=0.05+0.3",
    "poisson-noise": ":peak=5+50",
    "salt-pepper": ":share=0.1+0.4",
    "jpeg": ":quality=10+90",
    "mask-random": ":share=0.2+0.8",
    "mask-pattern": ":share=0.2+0.8",
}
"""Options that make every draw differ."""
RANDOM = {*RANGES, "motion-blur", "photo", "mask-half", "mask-strokes"}
every = pytest.mark.parametrize("text", [name + RANGES.get(name, "") for name in SPECS])


def image_of(*shape, seed=0, dtype=torch.float32):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_all_that_were_promised_are_there():
    assert set(SPECS) == {
        "bicubic", "gaussian-blur", "motion-blur", "gaussian-noise", "poisson-noise", "salt-pepper", "jpeg",
        "photo", "quantize", "grayscale", "mask-center", "mask-random", "mask-pattern", "mask-half", "mask-strokes",
    }  # fmt: skip
    for name, spec in SPECS.items():
        assert registry().find("degradation", name).spec == spec
        assert spec.summary
        assert spec.licence


PAGE = (Path(__file__).resolve().parents[3] / "docs/degradations.md").read_text("utf-8")


def written(default):
    return "+".join(map(str, default)) if isinstance(default, tuple) else str(default)


def test_the_page_tells_every_option_default_gradient_and_record():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert list(rows) == list(SPECS)
    for name, spec in SPECS.items():
        options, _, gradient, recorded = (cell.strip() for cell in rows[name].split("|"))
        known = describe(registry().find("degradation", name).factory())
        assert options == ", ".join(f"`{o.name}={written(o.default)}`" for o in known), name
        flows = {"exact": "yes", "surrogate": "straight-through"}[spec.gradient] if spec.differentiable else "no"
        assert gradient == flows, name
        drawn = build_degradation(name).draw(torch.rand(1, 3, 8, 8), seeded(0))
        assert recorded == ", ".join(drawn), name


def test_the_example_on_the_page_runs():
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {}
    exec(compile(example, "docs/degradations.md", "exec"), names)
    drawn = names["seen"].params["0.gaussian-blur"]["sigma"]
    assert len(set(drawn)) == 4


@every
@given(
    batch=st.integers(1, 3),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 33),
    width=st.integers(1, 33),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=12)
def test_params_survive_json_and_replay_bit_for_bit(text, batch, channels, height, width, seed):
    image = image_of(batch, channels, height, width)
    before = image.clone()
    state = torch.get_rng_state()
    degradation = build_degradation(text)
    observed = degradation.observe(image, seeded(seed))
    params = json.loads(json.dumps(observed.params))
    assert params == observed.params
    again = build_degradation(text)
    assert torch.equal(again(image, params), observed.image)
    mask = again.mask(image, params)
    assert (mask is None) == (not SPECS[text.partition(":")[0]].masks)
    assert mask is None or torch.equal(mask, observed.mask)
    assert observed.image.min() >= 0
    assert observed.image.max() <= 1
    assert observed.image.dtype == image.dtype
    assert torch.equal(image, before)
    assert torch.equal(torch.get_rng_state(), state)


@every
def test_a_batch_equals_its_samples_one_after_the_other(text):
    image = image_of(4, 3, 24, 20)
    degradation = build_degradation(text)
    together = degradation.observe(image, seeded(5))
    generator = seeded(5)
    alone = [degradation.observe(one, generator) for one in image.split(1)]
    assert torch.equal(together.image, torch.cat([one.image for one in alone]))
    if together.mask is not None:
        assert torch.equal(together.mask, torch.cat([one.mask for one in alone]))
    for key, value in together.params.items():
        if isinstance(value, list):
            assert value == [item for one in alone for item in one.params[key]]


@every
def test_what_is_random_depends_on_the_seed_and_on_the_place_in_the_batch(text):
    degradation = build_degradation(text)
    same = image_of(1, 3, 32, 32).expand(12, -1, -1, -1)
    first, second = (degradation.observe(same, seeded(seed)).image for seed in (1, 2))
    random = text.partition(":")[0] in RANDOM
    assert torch.equal(first, second) == (not random)
    assert (len({one.numpy().tobytes() for one in first}) > 1) == random


@every
def test_gradients_flow_as_declared(text):
    name = text.partition(":")[0]
    image = image_of(1, 3, 12, 12, dtype=torch.float64).mul(0.2).add(0.4).requires_grad_()
    degradation = build_degradation(text)
    params = degradation.draw(image, seeded(0))
    result = degradation(image, params)
    assert result.requires_grad == SPECS[name].differentiable
    if result.requires_grad and SPECS[name].gradient == "exact":
        assert torch.autograd.gradcheck(lambda x: degradation(x, params), image)
    assert torch.equal(result.detach(), degradation(image.detach(), params))


@every
def test_an_empty_batch_stays_empty(text):
    degradation = build_degradation(text)
    image = torch.rand(0, 3, 8, 8)
    observed = degradation.observe(image, seeded(0))
    assert len(observed.image) == 0
    assert observed.mask is None or observed.mask.shape == (0, 1, 8, 8)
