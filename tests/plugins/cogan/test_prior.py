"""The pair as a prior: the pair or one domain, judged and read; a view shares the networks."""

from __future__ import annotations

import operator

import pytest
import torch

import restore
from restore.contracts import Criticises, Observation
from restore.errors import InputError, UsageError, WeightsError
from restore.inversion import Settings, invert
from restore.testing.running import plan
from restore_cogan.prior import CoGAN


@pytest.fixture
def prior():
    torch.manual_seed(0)
    return CoGAN(names=("mnist", "edge"), width=0.02, latent=5, classes=10).eval()


def z_of(prior, count=4):
    return prior.sample(count, torch.Generator().manual_seed(0))


def test_it_shows_the_pair_or_either(prior):
    z = z_of(prior)
    first, second = prior.decode_pair(z)
    assert torch.equal(prior.decode(z), torch.cat([first, second], 3))
    assert torch.equal(prior.showing("mnist").decode(z), first)
    assert torch.equal(prior.showing("edge").decode(z), second)
    assert prior.show == "pair"
    assert all(map(operator.is_, prior.showing("edge").parameters(), prior.parameters()))


def test_it_judges_what_it_shows(prior):
    z = z_of(prior)
    first, second = prior.decode_pair(z)
    assert isinstance(prior, Criticises)
    each = [prior.showing(name).critic(image) for name, image in (("mnist", first), ("edge", second))]
    torch.testing.assert_close(prior.critic(prior.decode(z)), (each[0] + each[1]) / 2)
    with pytest.raises(InputError, match="cannot judge"):
        prior.critic(first)
    with pytest.raises(InputError, match="cannot judge"):
        prior.showing("edge").critic(prior.decode(z))


def test_it_reads_both_domains(prior):
    first, second = prior.decode_pair(z_of(prior))
    mnist, edge = (prior.showing(name) for name in prior.names)
    assert mnist.classify(first).shape == edge.classify(second).shape == (4, 10)
    assert not torch.allclose(mnist.classify(first), edge.classify(first))
    assert torch.equal(prior.classify(second), edge.classify(second))  # of the pair, the domain without labels
    with pytest.raises(UsageError, match="no domain 'usps'"):
        prior.showing("usps")


def test_one_domain_can_be_searched(prior):
    """What was found in one domain is shown by the other: that is translation."""
    z = z_of(prior, 2)
    first, _ = prior.decode_pair(z)
    found = invert(
        prior.showing("mnist"), Observation(image=first.detach()), settings=Settings(steps=40, restarts=1), start=z
    )
    torch.testing.assert_close(found.image, first, atol=1e-3, rtol=0)
    assert prior.showing("edge").decode(found.latent).shape == (2, 1, 28, 28)


@pytest.mark.parametrize(
    "options", ["width=0.05", "show=second,width=0.05,classes=3,tied=2", "tied=0,critic_tied=0,width=0.05"]
)
def test_it_passes_the_kit(options):
    trials = plan(f"prior-cogan-mnist-edge:{options}")
    verdicts = [trial.run() for trial in trials if not trial.check.name.startswith(("discovery", "import"))]
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    assert sum(v.outcome == "passed" for v in verdicts) > 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ("a", "a")}, "cannot be called a and a"),
        ({"names": ("a", "pair")}, "cannot be called a and pair"),
        ({"show": "both"}, "no domain 'both'"),
        ({"tied": 9}, "cannot have 9 in common"),
    ],
)
def test_what_cannot_be(options, message):
    with pytest.raises(UsageError, match=message):
        CoGAN(width=0.02, **options)


def test_without_weights_it_is_refused():
    with pytest.raises(WeightsError, match="has no weights"):
        restore.load_prior("cogan-mnist-edge")
