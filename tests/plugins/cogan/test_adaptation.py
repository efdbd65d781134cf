"""Digits of two sets, of which one has labels: draws, what is learnt, what is refused, how permutations are told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import restore
from restore.errors import InputError, UsageError
from restore.weights import header
from restore_cogan.accuracy import accuracy, classified, collapsed, relabelled, scored
from restore_cogan.adaptation import draw
from restore_cogan.digits import read

COUNTS = {"mnist": 20, "usps": 10}


@pytest.mark.parametrize(("direction", "names"), [("mnist-usps", ("mnist", "usps")), ("usps-mnist", ("usps", "mnist"))])
def test_it_writes_a_reader_of_both_domains(tmp_path, digits, run, direction, names):
    result = run("cogan-digits", tmp_path / "run", digits, direction=direction, mnist=20, usps=10)
    assert set(result.scores) == {"target", "held_out"}
    assert all(0 <= score <= 1 for score in result.scores.values())
    assert header(result.weights).metadata["model"] == "cogan-digits"
    prior = restore.load_prior("cogan-digits", device="cpu", weights=result.weights)
    assert prior.names == names
    held_out = read(digits, names[1], "test")
    found = scored(classified(prior, held_out.images, names[1]), held_out.labels)
    assert set(found) == {"accuracy", "relabelled", "collapsed"}
    assert found["accuracy"] == pytest.approx(result.scores["held_out"], abs=0.051)
    count = {"mnist": "20 digits of MNIST", "usps": "10 digits of USPS"}[names[0]]
    assert f"{count} with labels" in result.weights.with_suffix(".md").read_text()


def test_it_learns_to_read_what_has_no_labels(tmp_path, digits, run):
    """Bars across and down are the same in both sets, so that even the tied layers alone carry it over."""
    result = run(
        "cogan-digits", tmp_path / "run", digits, every=100, steps=40, batch_size=8, critic_rate=2e-3, mnist=None,
        usps=None,
    )  # fmt: skip
    assert result.scores["held_out"] == 1


def test_labels_of_the_second_domain_are_never_used(tmp_path, digits, run):
    whole = run("cogan-digits", tmp_path / "one", digits, mnist=20, usps=10)
    with np.load(digits / "usps" / "usps.npz") as archive:
        held = {name: archive[name] for name in archive.files}
    held["y_train"] = (held["y_train"] + 5).astype(np.uint8)
    np.savez(digits / "usps" / "usps.npz", **held)
    other = run("cogan-digits", tmp_path / "other", digits, mnist=20, usps=10)
    assert whole.weights.read_bytes() == other.weights.read_bytes()
    assert whole.scores["target"] != other.scores["target"]


def test_a_draw_is_a_matter_of_the_seed_alone(digits):
    first, second = draw(digits, ("mnist", "usps"), COUNTS, 1)
    turned = draw(digits, ("usps", "mnist"), {**COUNTS, "mnist": 15}, 1)
    assert (len(first), len(second)) == (20, 10)
    assert torch.equal(turned[0].images, second.images)
    assert torch.equal(turned[1].images, first.images[:15])
    assert torch.equal(turned[1].labels, first.labels[:15])
    assert not torch.equal(draw(digits, ("mnist", "usps"), COUNTS, 2)[0].labels, first.labels)


def test_usps_is_framed_and_enlarged(digits):
    found = read(digits, "usps", "train")
    assert found.images.shape == (30, 1, 28, 28)
    assert found.images.dtype == torch.uint8
    across, down = found.images[0, 0], found.images[1, 0]
    assert found.labels[:2].tolist() == [0, 1]
    assert torch.equal(across, down.T)
    border = round(3 / 22 * 28) - 1
    assert int(across[:, :border].max()) == int(across[:, -border:].max()) <= 8
    assert int(across[14].max()) > 200


def test_the_sets_as_they_are(shared_data):
    assert [len(read(shared_data, name, part)) for name in ("mnist", "usps") for part in ("train", "test")] == [
        60000, 10000, 7291, 2007,
    ]  # fmt: skip
    mnist, usps = (read(shared_data, name, "test").images.double().mean((0, 1)) for name in ("mnist", "usps"))
    grid = torch.stack(torch.meshgrid(*[torch.arange(28.0)] * 2, indexing="ij")).double()
    spreads = [((grid - 13.5).square() * mean).sum((1, 2)) / mean.sum() for mean in (mnist, usps)]
    torch.testing.assert_close(spreads[0], spreads[1], rtol=0.15, atol=0)  # mean digits of one size


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held.pop("y_train"), "y_train"),
        (lambda held: held.update(x_train=held["x_train"][:, :8]), "holds images"),
        (lambda held: held.update(x_train=held["x_train"][:-1]), "holds images"),
        (lambda held: held.update(x_train=held["x_train"].astype(np.float32)), "float32"),
        (lambda held: held.update(y_train=held["y_train"] + 9), "labels from 9 to 10"),
        (lambda held: held.update(x_train=held["x_train"][:0], y_train=held["y_train"][:0]), "holds images"),
        (lambda held: held.update(x_train=np.array([None])), "cannot be read"),
    ],
)
def test_a_usps_that_is_none(digits, change, message):
    path = digits / "usps" / "usps.npz"
    with np.load(path) as archive:
        held = {name: archive[name] for name in archive.files}
    change(held)
    np.savez(path, **held)
    with pytest.raises(InputError, match=message):
        read(digits, "usps", "train")


def test_what_is_not_there(digits, build):
    (digits / "usps" / "usps.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="cannot be read"):
        read(digits, "usps", "train")
    (digits / "usps" / "usps.npz").unlink()
    with pytest.raises(InputError, match=r"holds 0 \.npz files"):
        read(digits, "usps", "train")
    with pytest.raises(UsageError, match="--data"):
        read(None, "mnist", "train")
    with pytest.raises(InputError, match="neither a folder mnist nor") as elsewhere:
        read(digits / "usps", "mnist", "train")
    assert "mnist/" in elsewhere.value.cure
    assert "usps/" in elsewhere.value.cure
    with pytest.raises(UsageError, match="mnist=41, and there are 40"):
        draw(digits, ("mnist", "usps"), {"mnist": 41, "usps": None}, 0)
    with pytest.raises(UsageError, match="direction"):
        build("cogan-digits", direction="svhn-mnist")


@pytest.mark.parametrize(
    ("weights", "read_as", "share"), [("mnist-usps", "usps", 0.9512), ("usps-mnist", "mnist", 0.9553)]
)
def test_the_weights_read_as_their_cards_say(shared_data, weights, read_as, share):
    prior = restore.load_prior(f"cogan-digits.{weights}", device="cpu")
    held_out = read(shared_data, read_as, "test")
    assert accuracy(classified(prior, held_out.images, read_as), held_out.labels) == pytest.approx(share, abs=6e-5)


def test_digits_that_changed_their_names_are_a_collapse():
    labels = torch.arange(10).repeat(10)
    assert (relabelled(labels, labels), collapsed(labels, labels)) == (1.0, False)
    swapped = torch.where(labels == 3, 8, torch.where(labels == 8, 3, labels))
    assert accuracy(swapped, labels) == pytest.approx(0.8)
    assert (relabelled(swapped, labels), collapsed(swapped, labels)) == (1.0, True)
    one = labels.clone()
    one[:30] = 0
    assert not collapsed(one, labels)  # wrong, but not by a change of names
    assert relabelled(torch.zeros(100).long(), labels) == pytest.approx(0.1)
