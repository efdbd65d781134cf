"""load: a model by name, its options and weights; weights that do not belong to it are refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

import restore
from restore.contracts import Model
from restore.errors import DeviceError, PluginError, UnknownNameError, UsageError, WeightsError


def holds(restorer, state):
    own = restorer.module.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[name], state[name]) for name in own)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "own.safetensors"


class TestWeights:
    def test_the_first_are_the_default(self, toy):
        toy.install()
        restorer = restore.load("toy", device="cpu", precision="float32")
        assert holds(restorer, toy.state(4, 1))
        image = torch.rand(3, 9, 8)
        assert torch.equal(restorer(image), restorer.module(image[None])[0].clamp(0, 1))

    def test_a_tag_chooses(self, toy):
        toy.install()
        assert holds(restore.load("toy.large", device="cpu"), toy.state(8, 2))
        assert holds(restore.load("restore-toy:toy.second", device="cpu"), toy.state(8, 3))

    def test_options_choose_the_first_that_were_trained_so(self, toy):
        toy.install()
        assert holds(restore.load("toy", device="cpu", width=8), toy.state(8, 2))
        assert holds(restore.load("toy:width=8", device="cpu"), toy.state(8, 2))
        assert holds(restore.load("toy.second:width=8", device="cpu"), toy.state(8, 3))

    def test_options_that_contradict_them(self, toy):
        toy.install()
        with pytest.raises(UsageError, match=r"toy\.small was trained with width=4 and cannot do width=5"):
            restore.load("toy", width=5)
        with pytest.raises(UsageError, match=r"toy\.large was trained with width=8 and cannot do width=4"):
            restore.load("toy.large", width=4)

    def test_options_that_they_leave_open(self, toy):
        toy.install()
        restorer = restore.load("toy.large:gain=0.5", device="cpu")
        assert restorer.module.gain == 0.5
        assert holds(restorer, toy.state(8, 2))

    def test_unknown_names(self, toy):
        toy.install()
        with pytest.raises(UnknownNameError, match=r"has no weights 'huge'"):
            restore.load("toy.huge")
        with pytest.raises(UnknownNameError, match="no model is called 'toyy'"):
            restore.load("toyy")
        with pytest.raises(UsageError, match="toy has no option 'with'"):
            restore.load("toy:with=4")
        with pytest.raises(UsageError, match="width"):
            restore.load("toy:width=wide")

    def test_a_damaged_file(self, toy):
        toy.install(small=toy.content(4, 99))
        with pytest.raises(WeightsError, match="not the file that was published"):
            restore.load("toy")

    def test_a_file_that_is_missing(self, toy):
        toy.install(large=None)
        with pytest.raises(WeightsError, match=r"toy\.large are not here: restore-toy lacks"):
            restore.load("toy", width=8)
        assert restore.load("toy", device="cpu").module.layers[0].out_channels == 4

    def test_a_network_that_has_none_does_not_run_on_random_numbers(self, toy):
        toy.install()
        with pytest.raises(WeightsError, match="plain is a network, and it has no weights"):
            restore.load("plain", device="cpu")

    def test_a_network_that_fills_itself(self, toy, monkeypatch):
        toy.install()
        monkeypatch.setattr(Model, "trained", True)
        restorer = restore.load("plain:width=2", device="cpu")
        assert restorer.module.layers[0].out_channels == 2
        assert restorer.weights is None

    def test_the_report_names_them(self, toy, path):
        toy.install()
        image = torch.rand(3, 9, 8)
        assert restore.load("toy.large", device="cpu").restore(image).report.weights == "toy.large"
        path.write_bytes(toy.content(4, 7))
        assert restore.load("toy", device="cpu", weights=path).restore(image).report.weights == str(path)


class TestOwnFile:
    def test_it_tells_its_options(self, toy, path):
        toy.install()
        path.write_bytes(toy.content(6, 7, model="toy", options={"width": 6, "gain": 2.0}))
        for name in ("toy", "restore-toy:toy"):
            restorer = restore.load(name, device="cpu", weights=path)
            assert holds(restorer, toy.state(6, 7))
            assert restorer.module.gain == 2
        assert holds(restore.load("toy", device="cpu", weights=str(path)), toy.state(6, 7))

    def test_it_need_not(self, toy, path):
        toy.install()
        path.write_bytes(toy.content(4, 7))
        assert holds(restore.load("toy", device="cpu", weights=path), toy.state(4, 7))
        assert holds(restore.load("plain", device="cpu", weights=path), toy.state(4, 7))

    def test_half_precision_is_widened(self, toy, path):
        from restore import weights

        toy.install()
        weights.write(path, toy.state(4, 7), {"model": "toy"}, half=True)
        restorer = restore.load("toy", device="cpu", weights=path)
        half = {name: value.half().float() for name, value in toy.state(4, 7).items()}
        assert holds(restorer, half)

    def test_of_another_model(self, toy, path):
        toy.install()
        path.write_bytes(toy.content(4, 7, model="srresnet"))
        with pytest.raises(UsageError, match="holds weights of srresnet, not of toy"):
            restore.load("toy", weights=path)

    def test_options_that_contradict_it(self, toy, path):
        toy.install()
        path.write_bytes(toy.content(6, 7, options={"width": 6}))
        with pytest.raises(UsageError, match=r"own\.safetensors was trained with width=6"):
            restore.load("toy", weights=path, width=4)

    @pytest.mark.parametrize("options", ["{width", "[1, 2]", "null"])
    def test_options_that_are_no_options(self, toy, path, options):
        toy.install()
        path.write_bytes(toy.content(6, 7, options=options))
        with pytest.raises(WeightsError, match="no JSON object"):
            restore.load("toy", weights=path)

    def test_a_network_that_it_does_not_fit(self, toy, path):
        toy.install()
        path.write_bytes(toy.content(6, 7))
        with pytest.raises(WeightsError, match=r"layers\.0\.weight is \(6, 3, 3, 3\), not \(4, 3, 3, 3\)") as caught:
            restore.load("toy", weights=path)
        assert "--set" in caught.value.cure
        with pytest.raises(WeightsError, match=r"layers\.0\.bias is unknown"):
            restore.load("toy:bias=no,width=6", weights=path)

    def test_a_network_with_more_than_it_holds(self, toy, path):
        from safetensors.torch import save_file

        toy.install()
        state = toy.state(4)
        del state["layers.1.bias"]
        save_file(state, path)
        with pytest.raises(WeightsError, match=r"layers\.1\.bias is missing"):
            restore.load("toy", weights=path)

    def test_a_tag_beside_it(self, toy, path):
        toy.install()
        path.write_bytes(toy.content(4, 7))
        with pytest.raises(UsageError, match=r"toy\.small names weights"):
            restore.load("toy.small", weights=path)

    def test_a_file_that_is_missing(self, toy, path):
        toy.install()
        with pytest.raises(WeightsError, match=r"own\.safetensors"):
            restore.load("toy", weights=path)


def test_a_factory_that_makes_something_else(toy):
    toy.install()
    with pytest.raises(PluginError, match=r"restore_toy\.net:wrong made a Conv2d"):
        restore.load("wrong")


def test_device_precision_and_tile(toy):
    toy.install()
    restorer = restore.load("toy", device="cpu", precision="bfloat16", tile=200)
    assert (restorer.device, restorer.precision, restorer.tile) == (torch.device("cpu"), "bfloat16", 200)
    assert restore.load("bicubic", device="cpu").precision == "float32"
    with pytest.raises(DeviceError):
        restore.load("toy", device="cuda:99")
    with pytest.raises(UsageError, match="the tile is 0"):
        restore.load("toy", tile=0)


def test_a_precision_that_does_not_exist_is_told_before_weights_are_read(toy):
    toy.install()
    with pytest.raises(UsageError, match="there is no precision 'float8'"):
        restore.load("toy", weights="gone.safetensors", precision="float8")


class TestModelsThatReadTheFileThemselves:
    """A factory with an option ``weights`` is given the file, whatever it is."""

    PLUGIN = """
        from restore.plugin import ModelSpec, hookimpl

        @hookimpl
        def restore_models():
            return [ModelSpec(name="own", factory="restore_own.net:Own", task="denoising", scale=None)]
    """
    NET = """
        from dataclasses import replace
        from pathlib import Path
        from restore.contracts import Model

        class Own(Model):
            trained = True

            def __init__(self, weights: Path, gain: float = 1.0) -> None:
                super().__init__()
                self.told = weights.read_text()

            def declared(self, spec):
                return replace(spec, dtypes=("float32", self.told))

            def forward(self, observation):
                return observation.image
    """

    @pytest.fixture
    def net(self, site, tmp_path, monkeypatch):
        import textwrap

        site.install("restore-own", self.PLUGIN, files={"net.py": textwrap.dedent(self.NET)})
        monkeypatch.chdir(tmp_path)
        return (tmp_path / "net.txt").write_text("bfloat16") and tmp_path / "net.txt"

    def test_the_file_reaches_the_factory(self, net):
        named = [restore.load("own:weights=net.txt"), restore.load("own", weights="net.txt", gain=2)]
        for restorer in [*named, pickle.loads(pickle.dumps(named[0]))]:
            assert restorer.module.told == "bfloat16"
            assert restorer.weights == str(net)

    def test_precision_is_chosen_when_it_is_read(self, net, monkeypatch):
        monkeypatch.setattr("restore.runtime.policy.fast_bfloat16", lambda device: True)
        assert restore.load("own", weights=net, device="cpu").precision == "bfloat16"
        net.write_text("float16")
        assert restore.load("own", weights=net, device="cpu").precision == "float32"

    def test_none_is_named(self, net):
        with pytest.raises(UsageError, match="own needs the option 'weights'"):
            restore.load("own")


def test_a_file_named_among_the_options(toy, path):
    toy.install()
    path.write_bytes(toy.content(6, 7, options={"width": 6}))
    assert holds(restore.load(f"toy:weights={path}", device="cpu"), toy.state(6, 7))
    with pytest.raises(UsageError, match="two weights files are named"):
        restore.load(f"toy:weights={path}", weights=path)


class TestAnOptionOfThatNameThatIsNoFile:
    """A model that mixes by ``weights``: whatever is given reaches its factory."""

    PLUGIN = """
        from restore.plugin import ModelSpec, hookimpl

        @hookimpl
        def restore_models():
            return [ModelSpec(name="mix", factory="restore_mix.net:Mix", task="denoising")]
    """
    NET = """
        import torch
        from restore.contracts import Model

        class Mix(Model):
            trained = True

            def __init__(self, weights: tuple[float, ...] = (1.0, 1.0, 1.0)) -> None:
                super().__init__()
                self.weights = weights
                self.gain = torch.nn.Parameter(torch.ones(()))

            def forward(self, observation):
                return self.gain * observation.image * torch.tensor(self.weights).view(1, -1, 1, 1)
    """

    @pytest.fixture
    def mix(self, site):
        import textwrap

        site.install("restore-mix", self.PLUGIN, files={"net.py": textwrap.dedent(self.NET)})

    def test_it_is_handed_on(self, mix):
        image = torch.rand(3, 8, 8)
        wanted = image * torch.tensor([0.25, 0.5, 1]).view(3, 1, 1)
        for restorer in (
            restore.load("mix:weights=0.25+0.5+1", device="cpu"),
            restore.load("mix", weights=(0.25, 0.5, 1), device="cpu"),
            restore.load("mix", weights="0.25+0.5+1", device="cpu"),
        ):
            assert torch.equal(restorer(image), wanted)
            assert restorer.weights is None
            assert torch.equal(pickle.loads(pickle.dumps(restorer))(image), wanted)

    def test_its_file_is_a_path(self, mix, path):
        path.write_bytes(save({"gain": torch.tensor(0.5)}))
        restorer = restore.load("mix:weights=1+0.5+1", weights=path, device="cpu")
        image = torch.rand(3, 8, 8)
        assert torch.equal(restorer(image), image * torch.tensor([0.5, 0.25, 0.5]).view(3, 1, 1))
        assert restorer.weights == str(path)

    def test_run_and_bench_hand_it_on(self, mix, tmp_path, monkeypatch):
        import numpy as np
        from click.testing import CliRunner
        from PIL import Image

        from restore.benchmark import find_protocol
        from restore.benchmark.contestants import line_up
        from restore.cli import cli

        monkeypatch.chdir(tmp_path)
        Image.fromarray(np.full((8, 8, 3), 100, np.uint8)).save("in.png")
        ran = CliRunner().invoke(cli, ["run", "mix", "in.png", "-o", "out.png", "--set", "weights=0.5+1+0.25"])
        assert ran.exit_code == 0, ran.output
        assert np.asarray(Image.open("out.png"))[0, 0].tolist() == [50, 100, 25]
        Path("net.safetensors").write_bytes(save({"gain": torch.tensor(0.5)}))
        command = ["run", "mix:weights=1+1+2", "in.png", "-o", "own.png", "--weights", "net.safetensors"]
        assert CliRunner().invoke(cli, command).exit_code == 0
        assert np.asarray(Image.open("own.png"))[0, 0].tolist() == [50, 50, 100]
        protocol = find_protocol("denoise-rgb-25")
        models = ["mix:weights=1+2+3", "mix:weights=3+2+1", "mix:weights=1+2+3@net.safetensors"]
        made = [c for c in line_up(protocol, models, device=torch.device("cpu")) if c.model == "mix"]
        assert len({contestant.key for contestant in made}) == 3
        assert [contestant.load("cpu").module.weights for contestant in made] == [(1, 2, 3), (3, 2, 1), (1, 2, 3)]
