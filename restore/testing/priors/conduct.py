"""How a prior behaves: it leaves its inputs and the process as they were."""

from __future__ import annotations

import torch

from restore.testing.check import check
from restore.testing.conduct import require_inputs_kept, require_process_kept
from restore.testing.priors.given import build, images, latents
from restore.testing.subject import Subject


@check("latents are left as they are")
def inputs_are_left_alone(subject: Subject) -> None:
    """Bit for bit, after decoding."""
    prior = build(subject)
    z = latents(prior)
    with torch.no_grad():
        require_inputs_kept({"latents": z}, lambda: prior.decode(z))


@check("random generators, grad mode and what else is global are left as they are")
def process_is_left_alone(subject: Subject) -> None:
    """Looked at after building, sampling and decoding, with gradients recorded and without."""
    require_process_kept(lambda: images(build(subject)))
