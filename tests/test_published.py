"""Published networks: any container of the right tensors is taken, nothing else; downloads are checked."""

from __future__ import annotations

import dataclasses
import hashlib
import struct

import pytest
import torch
from safetensors.torch import save_file

from restore import published, weights
from restore.errors import DamagedWeightsError, PluginError, WeightsError
from restore.plugin import NetworkSpec
from restore.published import Network, digest_of


def state(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {f"{layer}.{part}": torch.rand(3, 2, generator=generator) for layer in "02" for part in ("weight", "bias")}


@pytest.fixture
def network(tmp_path, monkeypatch):
    """A network of two layers; the publisher's file is of the whole classifier."""
    monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "home"))
    whole = {f"features.{name}": tensor for name, tensor in state().items()} | {"classifier.weight": torch.ones(4)}
    file = tmp_path / "net.pth"
    torch.save(whole, file)
    return Network(
        NetworkSpec(
            name="lpips-net", url=file.as_uri(), sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            prefix="features.", layers=("0", "2"), digest=digest_of(state()), known=2, summary="a network",
        )
    )  # fmt: skip


def changed(network, **fields):
    return Network(dataclasses.replace(network.spec, **fields))


def same(first, second):
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


def test_the_digest_is_of_names_shapes_and_little_endian_floats():
    total = hashlib.sha256(b"a [2, 1]\n" + struct.pack("<2f", 1, 2) + b"b [1]\n" + struct.pack("<f", 3))
    tensors = {"b": torch.tensor([3.0], dtype=torch.float64), "a": torch.tensor([[1.0], [2.0]])}
    assert digest_of(tensors) == total.hexdigest()


@pytest.mark.parametrize("prefix", ["", "features."])
@pytest.mark.parametrize("container", ["pth", "safetensors", "nested"])
def test_any_container_is_taken(network, tmp_path, prefix, container):
    tensors = {f"{prefix}{name}": tensor for name, tensor in state().items()}
    file = tmp_path / "given"
    if container == "safetensors":
        save_file(tensors, file)
    else:
        torch.save({"state_dict": tensors} if container == "nested" else tensors, file)
    assert network.state == "absent"
    path = network.take(file)
    assert (network.state, path) == ("imported", network.path)
    assert same(network.read(), state())
    assert network.check() == ""


def test_the_same_file_results_from_every_container(network, tmp_path):
    torch.save(state(), tmp_path / "a.pth")
    save_file(state(), tmp_path / "b.safetensors")
    contents = [network.take(tmp_path / name).read_bytes() for name in ("net.pth", "a.pth", "b.safetensors")]
    assert contents[0] == contents[1] == contents[2]


def test_other_tensors_are_refused_and_nothing_is_stored(network, tmp_path):
    changed = state()
    changed["2.bias"][0, 0] += 1e-6
    torch.save(changed, tmp_path / "changed.pth")
    with pytest.raises(WeightsError, match="is not lpips-net: its tensors have the digest"):
        network.take(tmp_path / "changed.pth")
    torch.save({"0.weight": torch.ones(1)}, tmp_path / "few.pth")
    with pytest.raises(WeightsError, match=r"it lacks 0\.bias"):
        network.take(tmp_path / "few.pth")
    with pytest.raises(WeightsError, match="cannot be read"):
        network.take(tmp_path / "absent.pth")
    assert not (tmp_path / "home").exists()


def test_a_network_known_in_part_is_taken_from_the_publishers_own_file_only(network, tmp_path):
    partly = changed(network, known=1, digest=digest_of({k: state()[k] for k in ("0.weight", "0.bias")}))
    torch.save(state(), tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="not the file that was published"):
        partly.take(tmp_path / "other.pth")
    partly.take(tmp_path / "net.pth")
    assert same(partly.read(), state())


def test_a_network_of_unknown_tensors_is_taken_from_the_publishers_own_file_only(network, tmp_path):
    unknown = changed(network, known=0, digest="")
    torch.save(state(), tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="not the file that was published"):
        unknown.take(tmp_path / "other.pth")
    path = unknown.take(tmp_path / "net.pth")
    assert path.name == f"lpips-net-{network.spec.sha256[:12]}.safetensors"
    assert same(unknown.read(), state())


@pytest.mark.parametrize("fields", [{"digest": "", "known": 0}, {"known": 1}])
def test_what_was_not_imported_is_no_good_beyond_the_known_layers(network, fields):
    """A file that lies in the store without the digest that ``take`` notes down."""
    if fields["known"]:
        fields = {**fields, "digest": digest_of({name: tensor for name, tensor in state().items() if name[0] == "0"})}
    partly = changed(network, **fields)
    others = {
        name: tensor if name[0] == "0" and partly.spec.known else torch.zeros(1) for name, tensor in state().items()
    }
    weights.write(partly.path, others, {})
    with pytest.raises(DamagedWeightsError, match="not those that were imported") as caught:
        partly.read()
    assert "restore weights import lpips-net FILE" in caught.value.cure
    assert partly.check()


@pytest.fixture
def longer(network):
    """The same network, whose file may go on: with layer 5, and then with layer 7."""
    return changed(network, url="", sha256="", further=(("5", (4, 3)), ("7", (2, 4))))


def deep(*layers):
    shapes = {"5": (4, 3), "7": (2, 4)}
    return {f"{layer}.{part}": torch.rand(shapes[layer][: 2 - (part == "bias")]) for layer in layers
            for part in ("weight", "bias")}  # fmt: skip


@pytest.mark.parametrize(("given", "reach"), [((), ()), (("5",), ("5",)), (("5", "7"), ("5", "7")), (("7",), ())])
def test_a_file_that_begins_as_it_should_may_go_on(longer, tmp_path, given, reach):
    further = deep(*given)
    torch.save({f"features.{name}": tensor for name, tensor in {**state(), **further}.items()}, tmp_path / "long.pth")
    longer.take(tmp_path / "long.pth")
    assert same(longer.read(), state() | {name: further[name] for name in further if name.split(".")[0] in reach})
    torch.save({**state(seed=1), **deep("5", "7")}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="its tensors have the digest"):
        longer.take(tmp_path / "other.pth")


@pytest.mark.parametrize("name", ["5.weight", "5.bias", "7.weight"])
def test_what_a_file_goes_on_with_has_the_right_shapes(longer, tmp_path, name):
    torch.save({**state(), **deep("5", "7"), name: torch.ones(9)}, tmp_path / "long.pth")
    with pytest.raises(WeightsError, match=rf"{name.replace('.', '[.]')} is \(9,\), not"):
        longer.take(tmp_path / "long.pth")
    assert longer.state == "absent"


def test_damage_in_the_store_is_noticed_beyond_the_known_layers(longer, tmp_path):
    torch.save({**state(), **deep("5", "7")}, tmp_path / "long.pth")
    path = longer.take(tmp_path / "long.pth")
    tensors, metadata = weights.read(path)
    tensors["7.bias"][0] += 1
    weights.write(path, tensors, metadata)
    with pytest.raises(DamagedWeightsError, match="not those that were imported"):
        longer.read()


def test_what_is_damaged_in_the_store_is_noticed(network, tmp_path):
    with pytest.raises(WeightsError, match="are not here") as caught:
        network.read()
    assert not isinstance(caught.value, DamagedWeightsError)
    path = network.take(tmp_path / "net.pth")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "its tensors have the digest" in network.check()
    for damage in (bytes(content), b"no weights", b""):
        path.write_bytes(damage)
        with pytest.raises(DamagedWeightsError, match="lpips-net cannot be used") as caught:
            network.read()
        assert str(path) in caught.value.message
        assert caught.value.cure == "restore weights fetch lpips-net, or restore weights import lpips-net FILE"


def test_fetch(network):
    assert network.fetch() == network.path
    assert same(network.read(), state())


def test_fetch_of_another_file(network, tmp_path):
    torch.save(state(), tmp_path / "net.pth")  # the right tensors in a file that is not the publisher's
    with pytest.raises(WeightsError, match="not the file that was published"):
        network.fetch()
    assert network.state == "absent"


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/net.pth", "https://nowhere.invalid/net.pth"])
def test_fetch_without_a_connection(network, url):
    with pytest.raises(WeightsError, match="cannot be downloaded") as caught:
        changed(network, url=url).fetch()
    assert caught.value.cure.endswith("restore weights import lpips-net FILE")
    assert caught.value.exit_code == 4


def test_a_network_without_an_address_is_imported_only(network, tmp_path):
    unknown = changed(network, url="", sha256="")
    for action in (unknown.fetch, unknown.read):
        with pytest.raises(WeightsError) as caught:
            action()
        assert caught.value.cure == "restore weights import lpips-net FILE"
    unknown.take(tmp_path / "net.pth")
    assert same(unknown.read(), state())


EYES = """
    from restore.plugin import LossSpec, NetworkSpec, hookimpl

    def loss(name, digest="a"):
        network = NetworkSpec(name="eyes", url="https://somewhere.invalid/eyes.pth", sha256="0" * 64, layers=("0",),
                              digest=digest * 64, known=1)
        return LossSpec(name=name, factory="nowhere:Loss", networks=(network,))

    @hookimpl
    def restore_losses():
        return [{losses}]
"""


def test_components_of_any_kind_and_plugin_share_a_network(site):
    site.install("restore-one", EYES.format(losses="loss('near'), loss('far')"))
    site.install("restore-two", EYES.format(losses="loss('wide')"))
    eyes = published.find("eyes")
    assert eyes.spec.name == "eyes"
    names = [component.spec.name for component in published.used(published.registry())[eyes]]
    assert sorted(names) == ["far", "near", "wide"]
    assert published.find("restore-two:eyes") == eyes
    assert published.find("restore-three:eyes") is published.find("ears") is None


def test_two_networks_of_one_name_are_told_apart_by_their_distributions(site):
    site.install("restore-one", EYES.format(losses="loss('near')"))
    site.install("restore-two", EYES.format(losses="loss('wide', 'b')"))
    with pytest.raises(
        PluginError, match="2 plugins mean different networks by 'eyes': restore-one:eyes and restore-t"
    ):
        published.find("eyes")
    assert published.find("restore-two:eyes").spec.digest == "b" * 64
