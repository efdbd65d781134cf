"""Repetition: the same again gives the same, whatever came between or beside."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from restore.contracts import Model, Observation
from restore.testing.check import Inapplicable, check, require
from restore.testing.models.showing import NOISE, ask, built, distance, fitted, observe, told
from restore.testing.subject import Subject


@check("two calls with one seed give one result, bit for bit")
def same_inputs_same_result(subject: Subject) -> None:
    """What is drawn is drawn from torch's global generator, which the seed decides."""
    module, spec = built(subject)
    seen = observe(spec, fitted(spec, 37, 29))
    first, second = ask(module, seen), ask(module, seen)
    require(
        torch.equal(first, second),
        expected="the same bits from the same image and the same seed",
        found=told(second, first),
        cure="draw from torch's global generator or not at all; a generator of the module's own is state that goes on",
    )


@check("a result does not depend on what it was shown before")
def stateless(subject: Subject) -> None:
    """A, a dark image of its size, B, A again: each as a fresh copy gives it. Parameters and buffers stay the same."""
    module, spec = built(subject)
    one, other = observe(spec, fitted(spec, 37, 29)), observe(spec, fitted(spec, 26, 43), seed=1)
    dark = Observation(image=0.1 * one.image, mask=one.mask)
    kept = _numbers(module)
    shown = {"image A": one, "a dark image of A's size": dark, "image B, of another size,": other, "image A again": one}
    made = {what: ask(module, seen) for what, seen in shown.items()}
    changed = [name for name, tensor in _numbers(module).items() if name not in kept or not _same(tensor, kept[name])]
    require(
        not changed,
        expected="parameters and buffers are after two calls what they were before",
        found=f"{', '.join(changed[:3])}{' and more' if len(changed) > 3 else ''} changed",
        cure="in eval mode nothing is counted or averaged; what forward works out stays in local variables",
    )
    alone = {what: ask(built(subject)[0], shown[what]) for what in list(shown)[1:3]}
    for what, expected in {**alone, "image A again": made["image A"]}.items():
        require(
            torch.equal(made[what], expected),
            expected=f"the same bits of {what} whatever was shown before",
            found=told(made[what], expected),
            cure="keep nothing on self in forward; a cache is keyed by all that it depends on, not by the size alone",
        )


@check("in eval mode all of it is in eval mode, and stays so")
def eval_mode(subject: Subject) -> None:
    """After ``eval()`` every submodule is in eval mode, normalises by what it learned, and stays so."""
    module, spec = built(subject)
    expected = ask(module, observe(spec, fitted(spec, 37, 29)))
    _require_eval(module, "after a call")
    module.train()
    module.eval()
    _require_eval(module, "after train() and eval()")
    by_batch = [
        name
        for name, layer in module.named_modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is None
        and not isinstance(layer, nn.modules.instancenorm._InstanceNorm)
    ]  # fmt: skip
    require(
        not by_batch,
        expected="batch norms use the mean and variance that they learned",
        found=f"{by_batch[0] if by_batch else ''} keeps none and takes those of the batch",
        cure="track_running_stats=True, or a norm that does not look at the batch",
    )
    output = ask(module, observe(spec, fitted(spec, 37, 29)))
    require(
        torch.equal(output, expected),
        expected="train() and eval() in turn leave the result as it was",
        found=told(output, expected),
        cure="let train(mode) call super().train(mode) and change nothing for good",
    )


@check("images in a batch do not see each other")
def batch_equals_singles(subject: Subject) -> None:
    """Three in a batch are what they are one by one, each shown to a fresh copy, but for the order of sums."""
    module, spec = built(subject)
    size = fitted(spec, 37, 29)
    seen = [observe(spec, size, seed=seed) for seed in range(3)]
    if spec.stochastic:
        raise Inapplicable("it is stochastic, and a batch draws otherwise than its images one by one")
    singles = torch.cat([ask(built(subject)[0], one) for one in seen])
    masks = [one.mask for one in seen if one.mask is not None]
    together = Observation(image=torch.cat([one.image for one in seen]), mask=torch.cat(masks) if masks else None)
    batch = ask(module, together)
    require(
        distance(batch, singles) <= NOISE,
        expected=f"three images in a batch give what they give one by one, to {NOISE:g} of the range",
        found=told(batch, singles),
        cure="take means, norms and extremes over each image's own axes (1, 2, 3), never over the batch",
    )


def _require_eval(module: Model, when: str) -> None:
    training = [name or type(module).__name__ for name, layer in module.named_modules() if layer.training]
    require(
        not training,
        expected=f"all of the model is in eval mode {when}",
        found=f"{training[0] if training else ''} is in training mode",
        cure="do not call train() in forward, and let train(mode) pass its mode on to every submodule",
    )


def _numbers(module: nn.Module) -> dict[str, Tensor]:
    """Return copies of all parameters and buffers, also of those that are not saved."""
    named = itertools.chain(module.named_parameters(), module.named_buffers())
    return {name: tensor.detach().clone() for name, tensor in named}


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and bool((one.isclose(other, 0, 0, True)).all())
