"""Whether what a prior has learnt is all in its state, and so in its weights file."""

from __future__ import annotations

import torch
from safetensors.torch import load, save

from restore import weights as store
from restore.testing.check import Inapplicable, check, require
from restore.testing.pictures import noise
from restore.testing.priors.given import build, latents
from restore.testing.subject import Subject

SHARE = 0.05
"""By which each number of the state is changed, so that no two builds have it by chance."""


@check("its state goes through safetensors and makes another one equal")
def state_goes_through_safetensors(subject: Subject) -> None:
    """The state is changed, written, and read into another of different random numbers: the images must be the same."""
    prior = build(subject)
    with torch.no_grad():
        for number, tensor in enumerate(prior.state_dict().values()):
            if tensor.is_floating_point():
                tensor.mul_(1 + SHARE * noise(tensor, seed=number).clamp(-2, 2))
    state = {name: tensor.contiguous() for name, tensor in prior.state_dict().items()}
    if not state:
        raise Inapplicable("it has no state: nothing of it is learnt")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        other = subject.make().eval()
    store.fill(other, load(save(state)), subject.spec.name)
    z = latents(prior)
    with torch.no_grad():
        first, second = prior.decode(z), other.decode(z)
    require(
        torch.equal(first, second),
        expected="the same images from the same state",
        found=f"they differ by up to {float((first - second).abs().max()):.3g}",
        cure="keep every learnt tensor as a parameter or a persistent buffer (register_buffer), not as an attribute",
    )
