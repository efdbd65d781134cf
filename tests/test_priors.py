"""load_prior: a prior by name, its options and weights; weights that do not belong to it are refused."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from safetensors.torch import save

import restore
from restore.errors import PluginError, UnknownNameError, UsageError, WeightsError

NETWORK = '''
import torch
from torch import nn
from restore.contracts import Prior

class Grown(Prior):
    """One layer and a norm."""

    def __init__(self, side: int = 4, gain: float = 1.0) -> None:
        super().__init__()
        self.latent_shape, self.side, self.gain = (2,), side, gain
        self.layer = nn.Linear(2, side * side)
        self.norm = nn.BatchNorm1d(side * side)

    def sample(self, n, generator):
        return torch.randn(n, 2, generator=generator)

    def decode(self, z):
        return (self.norm(self.layer(z)) * self.gain).sigmoid().view(-1, 1, self.side, self.side)

class Cosine(Prior):
    """Nothing is learnt."""

    latent_shape = (1,)

    def decode(self, z):
        return (z.cos() / 2 + 0.5).view(-1, 1, 1, 1)

class Known(Grown):
    """Its numbers are its own."""

    trained = True

def wrong():
    return nn.Linear(2, 2)
'''


def state(side, seed=0):
    torch.manual_seed(seed)
    shapes = {"layer.weight": (side**2, 2), "layer.bias": (side**2,)}
    norm = {"norm.weight": 1.0, "norm.bias": 0.0, "norm.running_mean": 0.1, "norm.running_var": 2.0}
    filled = {name: torch.randn(shape) for name, shape in shapes.items()}
    filled |= {name: torch.full((side**2,), value) for name, value in norm.items()}
    return {**filled, "norm.num_batches_tracked": torch.tensor(3)}


CONTENT = {"small": save(state(4)), "large": save(state(8))}
PLUGIN = f"""
from restore.plugin import PriorSpec, WeightsSpec, hookimpl

def weights(tag, sha256, side):
    return WeightsSpec(tag=tag, file=f"restore_grown:{{tag}}.safetensors", sha256=sha256, options={{"side": side}})

@hookimpl
def restore_priors():
    known = (
        weights("small", "{hashlib.sha256(CONTENT["small"]).hexdigest()}", 4),
        weights("large", "{hashlib.sha256(CONTENT["large"]).hexdigest()}", 8),
    )
    return [
        PriorSpec(name="grown", factory="restore_grown.net:Grown", weights=known),
        PriorSpec(name="bare", factory="restore_grown.net:Grown"),
        PriorSpec(name="cosine", factory="restore_grown.net:Cosine"),
        PriorSpec(name="known", factory="restore_grown.net:Known"),
        PriorSpec(name="wrong", factory="restore_grown.net:wrong"),
    ]
"""


@pytest.fixture(autouse=True)
def grown(site):
    files = {f"{tag}.safetensors": content for tag, content in CONTENT.items()}
    return site.install("restore-grown", PLUGIN, files={"net.py": NETWORK, **files})


def holds(prior, wanted):
    own = prior.state_dict()
    return own.keys() == wanted.keys() and all(torch.equal(own[name], wanted[name]) for name in own)


def test_the_first_weights_are_the_default_and_a_tag_or_options_choose_others():
    assert holds(restore.load_prior("grown", device="cpu"), state(4))
    assert holds(restore.load_prior("grown.large", device="cpu"), state(8))
    assert holds(restore.load_prior("restore-grown:grown", device="cpu", side=8), state(8))
    prior = restore.load_prior("grown.small:gain=2", device="cpu")
    assert holds(prior, state(4))
    assert prior.gain == 2.0


def test_it_is_ready_to_be_searched():
    prior = restore.load_prior("grown", device="cpu")
    z = torch.tensor([[0.3, -1.0]], requires_grad=True)
    prior.decode(z).sum().backward()
    assert z.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in prior.parameters())
    # The stored statistics, not those of the batch.
    wanted = state(4)
    raw = (torch.tensor([0.3, -1.0]) @ wanted["layer.weight"].T + wanted["layer.bias"] - 0.1) / (2 + 1e-5) ** 0.5
    torch.testing.assert_close(prior.decode(z).detach().flatten(), raw.sigmoid())


def test_a_file_of_ones_own(tmp_path):
    file = tmp_path / "own.safetensors"
    file.write_bytes(save(state(8, 5), {"model": "bare", "options": json.dumps({"side": 8})}))
    for text, weights in (("bare", file), ("bare", str(file)), (f"bare:weights={file}", None)):
        assert holds(restore.load_prior(text, device="cpu", weights=weights), state(8, 5))
    with pytest.raises(UsageError, match=r"holds weights of bare, not of grown") as refused:
        restore.load_prior("grown", weights=file)
    assert "restore.load_prior('bare', weights=FILE)" in refused.value.cure
    assert "--set prior=bare --weights FILE" in refused.value.cure
    with pytest.raises(UnknownNameError, match=r"own\.safetensors' is a file of weights") as unknown:
        restore.load_prior(str(file))
    assert "restore sample bare --weights FILE" in unknown.value.cure
    with pytest.raises(UsageError, match="holds weights of bare, not of srresnet") as model:
        restore.load("srresnet", weights=file, device="cpu")
    assert "restore sample bare" in model.value.cure  # it is no model that could be run
    with pytest.raises(UsageError, match=r"grown\.small names weights, and .* holds others"):
        restore.load_prior("grown.small", weights=file)
    with pytest.raises(WeightsError, match=r"no\.safetensors cannot be read"):
        restore.load_prior("bare", weights=tmp_path / "no.safetensors")


def test_what_has_no_weights():
    with pytest.raises(WeightsError, match="bare is a network, and it has no weights"):
        restore.load_prior("bare")
    assert float(restore.load_prior("cosine", device="cpu").decode(torch.zeros(1, 1))) == 1
    assert not restore.load_prior("known", device="cpu").training


def test_what_does_not_exist_or_is_no_prior(grown):
    with pytest.raises(UnknownNameError, match=r"'grown' has no weights 'huge'"):
        restore.load_prior("grown.huge")
    with pytest.raises(UnknownNameError, match="no prior is called 'grownn'"):
        restore.load_prior("grownn")
    with pytest.raises(UsageError, match=r"grown\.small was trained with side=4 and cannot do side=5"):
        restore.load_prior("grown", side=5)
    with pytest.raises(PluginError, match=r"made a Linear, which is no restore\.contracts\.Prior"):
        restore.load_prior("wrong")
    (grown / "small.safetensors").write_bytes(CONTENT["large"])
    with pytest.raises(WeightsError, match="not the file that was published"):
        restore.load_prior("grown")
