"""What a prior may offer beside decode: an encoder, a critic, features, stages."""

from __future__ import annotations

import math

import torch

from restore.contracts import Criticises, DecodesInStages, Encodes, HasFeatures
from restore.testing.check import Inapplicable, check, require
from restore.testing.priors.given import build, images, latents, require_equal
from restore.testing.subject import Subject

ALONE = 1e-4
"""Share by which a result may differ with its neighbours in the batch."""


@check("encode gives finite latents, each of its own image alone")
def encode_gives_latents(subject: Subject) -> None:
    """``(B, *latent_shape)``."""
    prior = build(subject)
    if not isinstance(prior, Encodes):
        raise Inapplicable("it has no encode")
    shown = images(prior)
    with torch.no_grad():
        z, first = prior.encode(shown), prior.encode(shown[:1])
    shape = (len(shown), *prior.latent_shape)
    require(
        z.shape == shape and bool(torch.isfinite(z).all()),
        expected=f"{shape} finite latents of {len(shown)} images",
        found=f"{tuple(z.shape)}" + ("" if torch.isfinite(z).all() else ", not all finite"),
        cure="return what decode takes; of a distribution, its mean",
    )
    require_equal(first, z[:1], "a latent", ALONE)


@check("critic gives one finite logit for each image, with a gradient")
def critic_gives_logits(subject: Subject) -> None:
    """``(B,)``, of each image alone."""
    prior = build(subject)
    if not isinstance(prior, Criticises):
        raise Inapplicable("it has no critic")
    shown = images(prior).requires_grad_()
    logits = prior.critic(shown)
    require(
        logits.shape == (len(shown),) and bool(torch.isfinite(logits).all()),
        expected=f"({len(shown)},) finite logits of {len(shown)} images",
        found=f"{tuple(logits.shape)}" + ("" if torch.isfinite(logits).all() else ", not all finite"),
        cure="flatten the critic's output, .flatten(1).mean(1), and apply no sigmoid that saturates",
    )
    slope = torch.autograd.grad(logits.sum(), shown, allow_unused=True)[0] if logits.requires_grad else None
    require(
        slope is not None and bool((slope.flatten(1).abs().sum(1) > 0).all()),
        expected="a gradient that is not zero in every image",
        found="none" if slope is None else "zero for some image",
        cure="leave torch.no_grad() and .detach() out of critic: inversion follows its gradient",
    )
    require_equal(prior.critic(shown[:1]).detach(), logits[:1].detach(), "a logit", ALONE)


@check("features gives finite maps, from fine to coarse")
def features_gives_maps(subject: Subject) -> None:
    """A list of ``(B, C, H, W)``, of each image alone."""
    prior = build(subject)
    if not isinstance(prior, HasFeatures):
        raise Inapplicable("it has no features")
    shown = images(prior)
    with torch.no_grad():
        maps, first = prior.features(shown), prior.features(shown[:1])
    shapes = [tuple(one.shape) for one in maps]
    sides = [shape[-2] * shape[-1] for shape in shapes if len(shape) == 4]
    require(
        bool(maps) and all(len(shape) == 4 and shape[0] == len(shown) for shape in shapes),
        expected=f"a list of maps ({len(shown)}, C, H, W)",
        found=str(shapes),
        cure="return the activations of the layers, unpooled",
    )
    require(
        sides == sorted(sides, reverse=True),
        expected="maps from fine to coarse",
        found=str(shapes),
        cure="turn the list around",
    )
    require(
        all(bool(torch.isfinite(one).all()) for one in maps),
        expected="finite features",
        found=f"NaN or infinity in map {next((i for i, m in enumerate(maps) if not torch.isfinite(m).all()), 0)}",
        cure="look for a division by zero, or a norm of nothing",
    )
    for number, (one, among) in enumerate(zip(first, maps, strict=True)):
        require_equal(one, among[:1], f"map {number}", ALONE)


@check("every stage of the decoder can be left and entered, with a gradient")
def stages_make_the_image(subject: Subject) -> None:
    """``decode_from(stage, decode_to(stage, z))`` is ``decode(z)``."""
    prior = build(subject)
    if not isinstance(prior, DecodesInStages):
        raise Inapplicable("it has no decode_to and decode_from with stages")
    require(
        isinstance(prior.stages, int) and prior.stages >= 1,
        expected="stages, the number of places, 1 or more",
        found=repr(prior.stages),
        cure="leave decode_to and decode_from out where there is none",
    )
    z = latents(prior)
    with torch.no_grad():
        whole = prior.decode(z)
    for stage in range(1, prior.stages + 1):
        with torch.no_grad():
            features = prior.decode_to(stage, z)
        image = prior.decode_from(stage, features.requires_grad_())
        apart = float((image.detach() - whole).abs().max()) if image.shape == whole.shape else math.nan
        require(
            apart <= ALONE,
            expected=f"decode_from({stage}, decode_to({stage}, z)) is decode(z), within {ALONE:g}",
            found=f"they differ by up to {apart:.3g}" if image.shape == whole.shape else f"{tuple(image.shape)}",
            cure="let decode be the two of them, one after the other",
        )
        slope = torch.autograd.grad(image.sum(), features, allow_unused=True)[0] if image.requires_grad else None
        require(
            slope is not None and bool(slope.any()),
            expected=f"a gradient of the image in the features of stage {stage}",
            found="none" if slope is None else "zero everywhere",
            cure="leave torch.no_grad() and .detach() out of decode_from: a refinement follows its gradient",
        )
