"""Checkpoints of others restore as spandrel itself restores with them, within sizes, tiles and precisions of ours."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

import restore
from restore.errors import DeviceError, UsageError, WeightsError
from restore.runtime import policy


def load(path, **options):
    return restore.load("spandrel", weights=path, device="cpu", **{"precision": "float32", **options})


def image(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("name", "task", "scale"),
    [
        ("esrgan", "super-resolution", 2),
        ("shuffled", "restoration", 1),
        ("compact", "super-resolution", 2),
        ("swinir", "super-resolution", 2),
        ("dncnn", "restoration", 1),
        ("rcan", "super-resolution", 2),
        ("ipt", "restoration", 1),  # whose code fails in channels_last
    ],
)
def test_it_restores_as_spandrel_does(checkpoint, own, name, task, scale):
    restorer = load(checkpoint(name))
    assert (restorer.spec.task, restorer.scale) == (task, scale)
    shown = image(3, 24, 32)
    assert torch.equal(restorer(shown), own(name, shown))


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".bin"])
def test_checkpoints_of_torch(checkpoint, own, suffix):
    shown = image(3, 9, 13)
    assert torch.equal(load(checkpoint("compact", suffix))(shown), own("compact", shown))


def test_a_checkpoint_as_training_codes_nest_it(state, own, tmp_path):
    nested = {"params_ema": {f"module.{key}": value.half() for key, value in state("compact").items()}, "step": 7}
    torch.save(nested, tmp_path / "net.pth")
    shown = image(3, 9, 13)
    assert (load(tmp_path / "net.pth")(shown) - own("compact", shown)).abs().max() < 2e-3


def test_the_file_may_be_named_among_the_options(checkpoint, monkeypatch):
    path = checkpoint("compact", ".pth")
    monkeypatch.chdir(path.parent)
    for restorer in (
        restore.load("spandrel:weights=compact.pth", device="cpu"),
        restore.load("spandrel:weights=compact.pth,overlap=8", device="cpu"),
        restore.load("restore-toolkit:spandrel", weights="compact.pth", device="cpu"),
    ):
        assert restorer.weights == str(path)
        assert restorer.restore(image(3, 5, 5)).report.weights == str(path)


def test_a_batch_is_its_images(checkpoint):
    restorer = load(checkpoint("swinir"))
    shown = image(3, 3, 17, 21)
    assert torch.equal(restorer(shown), torch.stack([restorer(one) for one in shown]))


def test_what_it_is_given_is_not_written_to(checkpoint, own):
    """RCAN scales its input where it lies; made again in float32, a tile would be another."""
    module = load(checkpoint("rcan")).module
    shown = image(1, 3, 8, 8)
    assert torch.equal(module(shown), module(shown))
    assert torch.equal(shown, image(1, 3, 8, 8))


def test_odd_sizes_are_padded_with_the_mirror_image_and_cropped(checkpoint, own):
    restorer = load(checkpoint("shuffled"))
    assert (restorer.spec.min_size, restorer.spec.multiple_of) == (4, 4)
    shown = image(3, 10, 7)
    mirrored = torch.cat([shown, shown.flip(1)[:, :2]], 1)
    mirrored = torch.cat([mirrored, mirrored.flip(2)[:, :, :1]], 2)
    assert torch.equal(restorer(shown), own("shuffled", mirrored)[:, :10, :7])
    assert restorer(image(3, 1, 1)).shape == (3, 1, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_stays_gray(checkpoint, dtype):
    shown = (image(30, 21).numpy() * np.iinfo(dtype).max).astype(dtype)
    result = load(checkpoint("esrgan"))(shown)
    assert (result.shape, result.dtype) == ((60, 42), dtype)


def test_a_network_of_gray_sees_each_channel(checkpoint, own):
    restorer = load(checkpoint("compact-gray"))
    assert restorer.spec.channels == (1,)
    shown = image(3, 12, 11)
    assert torch.equal(restorer(shown), torch.cat([own("compact-gray", channel[None]) for channel in shown]))


class TestTiles:
    def test_they_agree_with_the_whole_where_the_overlap_covers_the_field(self, checkpoint):
        """Four convolutions of 3 x 3 see 4 pixels to each side."""
        path = checkpoint("compact")
        shown = image(3, 211, 301)
        whole, cut = load(path, tile="off"), load(path, tile=64, overlap=4)
        outcome = cut.restore(shown)
        assert (outcome.report.tiling, outcome.report.halo) == ("approximate", 4)
        assert outcome.report.tiles > 1
        assert torch.equal(outcome.image, whole(shown))
        assert not torch.equal(load(path, tile=64, overlap=3)(shown), whole(shown))

    def test_the_overlap_is_generous_if_nothing_is_said(self, checkpoint):
        outcome = load(checkpoint("compact"), tile=64).restore(image(3, 150, 220))
        assert outcome.report.halo == 64

    def test_they_keep_to_the_multiple(self, checkpoint):
        path = checkpoint("shuffled")
        shown = image(3, 150, 241)
        outcome = load(path, tile=50, overlap=30).restore(shown)
        assert outcome.report.tiles > 1
        assert outcome.report.halo == 32
        assert (outcome.image - load(path, tile="off")(shown)).abs().max() < 1e-3

    def test_where_they_are_discouraged_only_who_asks_gets_them(self, checkpoint, monkeypatch):
        path = checkpoint("swinir")
        shown = image(3, 148, 200)
        assert load(path).spec.tiling == "discouraged"
        monkeypatch.setattr("restore.runtime.memory.CPU_BUDGET", 1)
        assert load(path).restore(shown).report.tiles == 1
        outcome = load(path, tile=64, overlap=16).restore(shown)
        assert outcome.report.tiles > 1
        assert outcome.report.tiling == "approximate"

    def test_then_lack_of_memory_comes_with_that_cure(self, checkpoint, monkeypatch):
        restorer = load(checkpoint("swinir"))

        def full(*_):
            raise MemoryError

        monkeypatch.setattr(restorer.module, "forward", full)
        with pytest.raises(DeviceError, match="the whole image at once is too much") as caught:
            restorer(image(3, 40, 40))
        assert "--tile 512" in caught.value.cure


class TestPrecision:
    @pytest.mark.parametrize("fast", [True, False])
    def test_auto_is_bfloat16_where_network_and_device_can(self, checkpoint, monkeypatch, fast):
        monkeypatch.setattr(policy, "fast_bfloat16", lambda device: fast)
        path = checkpoint("compact")
        assert load(path, precision="auto").precision == ("bfloat16" if fast else "float32")

    def test_and_not_where_the_network_cannot(self, library, checkpoint, monkeypatch):
        monkeypatch.setattr(policy, "fast_bfloat16", lambda device: True)
        loaded = library.ModelLoader.load_from_state_dict

        def without(self, state):
            descriptor = loaded(self, state)
            descriptor.supports_bfloat16 = False
            return descriptor

        monkeypatch.setattr(library.ModelLoader, "load_from_state_dict", without)
        restorer = load(checkpoint("compact"), precision="auto")
        assert restorer.precision == "float32"
        assert restorer.spec.dtypes == ("float32", "float16")

    def test_the_flags_of_networks_that_differ(self, checkpoint):
        assert load(checkpoint("compact")).spec.dtypes == ("float32", "bfloat16", "float16")
        assert load(checkpoint("swinir")).spec.dtypes == ("float32", "bfloat16")

    @pytest.mark.parametrize("name", ["esrgan", "swinir", "dncnn"])
    def test_bfloat16_comes_near(self, checkpoint, own, name):
        shown = image(3, 24, 32)
        result = load(checkpoint(name), precision="bfloat16")(shown)
        assert 0 < (result - own(name, shown)).abs().max() < 0.02


def test_a_pickle_names_the_file(checkpoint):
    restorer = load(checkpoint("compact"), overlap=5)
    again = pickle.loads(pickle.dumps(restorer))
    shown = image(3, 9, 13)
    assert torch.equal(again(shown), restorer(shown))
    assert again.receptive_field == 11


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
@pytest.mark.parametrize("name", ["esrgan", "swinir"])
def test_copies_of_the_module_hold_its_numbers(checkpoint, copied, name):
    path = checkpoint(name)
    module = load(path, overlap=5).module
    next(module.parameters()).mul_(0.5)
    path.unlink()
    again = copied(module)
    shown = image(1, 3, 16, 16)
    before = module(shown)
    assert torch.equal(again(shown), before)
    assert again.overlap == 5
    next(again.parameters()).zero_()
    assert torch.equal(module(shown), before)


def test_options_that_make_no_sense(checkpoint):
    path = checkpoint("compact")
    with pytest.raises(UsageError, match="needs the option 'weights'") as caught:
        restore.load("spandrel")
    assert "spandrel:weights=..." in caught.value.cure
    with pytest.raises(UsageError, match="two weights files are named"):
        restore.load(f"spandrel:weights={path}", weights=path)
    with pytest.raises(UsageError, match="overlap by -1 pixels"):
        load(path, overlap=-1)
    with pytest.raises(WeightsError, match="makes 4 channels of 4"):
        load(checkpoint("compact-cmyk"))


@pytest.mark.slow
def test_lama_takes_a_mask(checkpoint, own):
    restorer = load(checkpoint("lama"))
    shown = image(3, 48, 56)
    mask = (image(1, 48, 56, seed=1) > 0.7).float()
    result = restorer(shown, mask=mask)
    assert torch.equal(result, torch.where(mask > 0, own("lama", shown * (1 - mask), mask), shown))
