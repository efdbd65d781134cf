"""Trained weights: there, unchanged, described, and fitting."""

from __future__ import annotations

from restore import blending, options
from restore import weights as store
from restore.errors import RestoreError
from restore.plugin import WeightsSpec
from restore.testing.check import CheckFailed, Inapplicable, check, require
from restore.testing.subject import Subject


@check("the files of its weights are there, are safetensors and have the declared hash")
def weights_are_whole(subject: Subject) -> None:
    """Read the header and hash the file."""
    for weights in _weights(subject):
        name = store.name_of(subject.component, weights)
        try:
            path = store.locate(subject.component, weights)
        except RestoreError as error:
            raise CheckFailed(
                f"{weights.file} is in the installed package",
                "it is neither there nor in the store",
                f"have the build include it (look into the wheel), or restore weights import {name} FILE",
            ) from error
        try:
            header = store.header(path)
        except RestoreError as error:
            raise CheckFailed(f"{weights.file} is a safetensors file", error.message, error.cure) from error
        require(
            header.tensors,
            expected=f"{weights.file} holds tensors",
            found="none",
            cure="export the weights again",
        )
        found = store.digest(path)
        require(
            found == weights.sha256,
            expected=f"{weights.file} has the sha256 {weights.sha256[:12]}...",
            found=f"{found[:12]}...",
            cure=f'if the file is the right one: WeightsSpec(tag="{weights.tag}", sha256="{found}", ...)',
        )


@check("its weights have a card and a licence")
def weights_are_described(subject: Subject) -> None:
    """Read the card."""
    for weights in _weights(subject):
        require(
            weights.licence.strip(),
            expected=f"the licence of the weights {weights.tag!r}",
            found="none",
            cure="WeightsSpec(..., licence=...): their terms, which the training data may narrow",
        )
        path = store.resource(weights.card) if weights.card else None
        require(
            path is not None and path.is_file() and path.read_text("utf-8").strip(),
            expected=f"a card of the weights {weights.tag!r}: recipe, data, seed, steps, measured scores",
            found=f"nothing at {weights.card}" if weights.card else "none",
            cure='WeightsSpec(..., card="package:weights/name.md"), included in the wheel; restore train writes one',
        )


@check("each of its weights fills the network that its options make")
def weights_load(subject: Subject) -> None:
    """Build the network with the options of the weights and fill it, strictly."""
    from torch import nn

    for weights in _weights(subject):
        name = store.name_of(subject.component, weights)
        made = subject.component.build(**{**subject.options, **weights.options})
        require(
            isinstance(made, nn.Module),
            expected=f"{name} fills an nn.Module",
            found=f"the factory makes a {type(made).__name__}",
            cure="return an nn.Module, or declare no weights",
        )
        state, _ = store.read(store.locate(subject.component, weights))
        try:
            store.fill(made, state, name)
        except RestoreError as error:
            raise CheckFailed(
                f"{name} fits the network that the factory makes with {dict(weights.options) or 'its defaults'}",
                error.message,
                "declare in WeightsSpec.options what the network was trained with",
            ) from error


@check("an option that moves its weights leads to others of the same network, and hides none of the factory's")
def weights_can_be_moved(subject: Subject) -> None:
    """Go half of the way."""
    moved = [weights for weights in _weights(subject) if weights.blend is not None]
    if not moved:
        raise Inapplicable("none of its weights have a blend")
    for weights in moved:
        assert weights.blend is not None
        option = weights.blend.option
        require(
            option not in options.signature(subject.factory()),
            expected=f"the factory has no option {option!r}, which moves the weights {weights.tag!r}",
            found="one of that name",
            cure="rename one of them",
        )
        try:
            blending.read(subject.component, weights, 0.5)
        except RestoreError as error:
            raise CheckFailed(
                f"between {weights.tag!r} and {weights.blend.towards} lie weights of the same network",
                error.message,
                "name weights in BlendSpec.towards that have the same factory, options and tensors",
            ) from error


def _weights(subject: Subject) -> tuple[WeightsSpec, ...]:
    if not subject.component.weights:
        raise Inapplicable("it has no trained weights")
    return subject.component.weights
