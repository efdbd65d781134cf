"""Restorer: what is given comes back as the same kind; nothing else is touched."""

from __future__ import annotations

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from restore.contracts import Model
from restore.errors import DeviceError, InputError, PluginError, UsageError
from restore.images import Photo


def negative(seen):
    return 1 - seen.image


def double(seen):
    return seen.image.repeat_interleave(2, 2).repeat_interleave(2, 3)


@pytest.fixture
def invert(make):
    return make(negative, channels=(1, 3))


PEAKS = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1, "float64": 1, "bool": True}


@pytest.mark.parametrize("dtype", PEAKS)
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (1, 1, 3)])
def test_arrays(invert, picture, dtype, shape):
    image = picture(*shape)
    image = image > 127 if dtype == "bool" else (image / 255 * PEAKS[dtype]).astype(dtype)
    before = image.copy()
    result = invert(image)
    assert (type(result), result.dtype, result.shape) == (np.ndarray, image.dtype, image.shape)
    expected = ~image if dtype == "bool" else PEAKS[dtype] - image.astype(np.float64)
    tolerance = {"float16": 2**-11, "float32": 1e-7, "float64": 1e-7}.get(dtype, 0)
    assert np.abs(result.astype(float) - expected).max() <= tolerance
    assert np.array_equal(image, before)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1, 5, 7), (3, 5, 7), (3, 1, 5, 7), (2, 3, 5, 7)])
def test_tensors(invert, dtype, shape):
    peak = 255 if dtype == torch.uint8 else 1
    image = (torch.rand(shape, generator=torch.Generator().manual_seed(1)) * peak).to(dtype)
    before = image.clone()
    result = invert(image)
    assert (result.dtype, result.shape, result.device) == (image.dtype, image.shape, image.device)
    tolerance = torch.finfo(dtype).eps if dtype.is_floating_point else 0
    assert torch.allclose(result.double(), peak - image.double(), rtol=0, atol=tolerance)
    assert torch.equal(image, before)


def test_views_of_tensors(invert):
    image = torch.rand(3, 8, 6).permute(0, 2, 1)[:, ::2]
    assert torch.equal(invert(image), 1 - image)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_pillow(invert, picture, mode):
    given = picture(6, 4, *([] if mode in ("L", "I;16") else [len(mode)]))
    given = given.astype(np.uint16) * 257 if mode == "I;16" else given
    if mode in ("LA", "RGBA"):
        given[..., -1] = 255
    image = Image.fromarray(given)
    assert image.mode == mode
    result = invert(image)
    assert (type(result), result.mode, result.size) == (Image.Image, mode, (4, 6))
    colors = slice(None) if mode in ("L", "RGB", "I;16") else slice(-1)
    expected = np.iinfo(given.dtype).max - given
    assert np.array_equal(np.asarray(result)[..., colors], expected[..., colors])
    assert np.array_equal(np.asarray(image), given)


def test_files_and_bytes(invert, picture, tmp_path):
    image = picture(6, 4, 3)
    Image.fromarray(image).save(tmp_path / "a.png")
    for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
        result = invert(path)
        assert isinstance(result, Photo)
        assert np.array_equal(result.numpy(), 255 - image)
    data = (tmp_path / "a.png").read_bytes()
    result = invert(data)
    assert isinstance(result, bytes)
    decoded = Image.open(io.BytesIO(result))
    assert decoded.format == "PNG"
    assert np.array_equal(np.asarray(decoded), 255 - image)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_a_model_that_enlarges(make, picture, kind):
    image = picture(5, 7, 3)
    restorer = make(double, scale=2)
    assert restorer.scale == 2
    if kind == "numpy":
        assert np.array_equal(restorer(image), image.repeat(2, 0).repeat(2, 1))
    else:
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        assert torch.equal(restorer(tensor), tensor.repeat_interleave(2, 1).repeat_interleave(2, 2))


def test_the_scale_of_the_module_holds_where_the_spec_leaves_it_open(srresnet):
    restorer = srresnet(scale=3, blocks=1, channels=2)
    assert restorer.scale == 3
    assert restorer(np.zeros((4, 5), np.uint8)).shape == (12, 15)


class TestChannels:
    def test_gray_through_a_model_of_colour_stays_gray(self, make, picture):
        """It is shown three equal channels, and the mean of what becomes of them is taken."""
        weights = torch.tensor([0.2, 0.4, 0.6]).view(3, 1, 1)
        restorer = make(lambda seen: seen.image * weights, channels=(3,))
        image = picture(5, 7)
        result = restorer(image)
        assert restorer.module.shapes == [(1, 3, 5, 7)]
        assert result.shape == (5, 7)
        assert np.array_equal(result, (image * 0.4).round())

    def test_colour_through_a_model_of_gray_goes_channel_by_channel(self, make, picture):
        """Each plane is stretched to its own maximum, so that one plane cannot tell of another."""
        restorer = make(lambda seen: seen.image / seen.image.amax((1, 2, 3), keepdim=True), channels=(1,))
        image = np.stack([picture(5, 7, seed=n) // (n + 2) for n in range(3)], -1)
        result = restorer(image)
        assert restorer.module.shapes == [(3, 1, 5, 7)]
        expected = image / image.max((0, 1)) * 255
        assert np.abs(result - expected).max() <= 0.5 + 1e-4

    def test_each_passes_where_the_model_takes_both(self, make, picture):
        restorer = make(negative, channels=(1, 3))
        restorer(picture(5, 7)), restorer(picture(5, 7, 3))
        assert restorer.module.shapes == [(1, 1, 5, 7), (1, 3, 5, 7)]

    def test_a_model_that_colours(self, make, picture):
        restorer = make(lambda seen: seen.image.expand(-1, 3, -1, -1), channels=(1,))
        image = picture(5, 7)
        assert np.array_equal(restorer(image), np.stack([image] * 3, -1))

    def test_a_model_of_neither_is_refused(self, make):
        with pytest.raises(PluginError, match=r"\(4,\) channels, neither gray"):
            make(negative, channels=(4,))


class TestSizes:
    def test_a_fixed_size(self, make, picture):
        restorer = make(negative, fixed_size=(64, 200), tiling="approximate")
        image = picture(64, 200, 3)
        assert np.array_equal(restorer(image), 255 - image)
        with pytest.raises(InputError, match=r"200 x 64 only, and numpy array .* is 64 x 200"):
            restorer(picture(200, 64, 3))

    @pytest.mark.parametrize(("least", "step", "shown"), [(16, 1, (16, 20)), (1, 8, (8, 24)), (10, 4, (12, 20))])
    def test_small_and_odd_ones_are_padded(self, make, picture, least, step, shown):
        restorer = make(double, scale=2, min_size=least, multiple_of=step)
        image = picture(5, 20, 3)
        assert np.array_equal(restorer(image), image.repeat(2, 0).repeat(2, 1))
        assert restorer.module.shapes == [(1, 3, *shown)]


class TestOutcome:
    def test_a_result(self, make, picture):
        image = picture(5, 7, 3)
        outcome = make(negative).restore(image)
        assert outcome.ok
        assert outcome.source is image
        assert np.array_equal(outcome.image, 255 - image)
        report = outcome.report
        assert (report.device, report.precision, report.tiling) == ("cpu", "float32", "off")
        assert (report.tiles, report.halo, report.out_of_memory, report.missing_share) == (1, 0, 0, None)
        assert 0 < report.seconds < 10

    def test_tiles_are_told(self, make, picture):
        restorer = make(negative, tile=150, tiling="exact", receptive_field=9)
        report = restorer.restore(picture(200, 310, 3)).report
        assert (report.tiling, report.tiles, report.halo) == ("exact", 6, 4)

    def test_an_error(self, make, tmp_path):
        outcome = make(negative).restore(tmp_path / "absent.png")
        assert not outcome.ok
        assert isinstance(outcome.error, InputError)
        with pytest.raises(InputError, match="does not exist"):
            _ = outcome.image

    def test_a_defect_of_the_model_is_no_outcome(self, make, picture):
        def broken(seen):
            raise ZeroDivisionError("in the model")

        with pytest.raises(ZeroDivisionError):
            make(broken).restore(picture(5, 7))

    def test_progress_reaches_its_total(self, make, picture):
        told = []
        restorer = make(negative, tile=150, tiling="exact", receptive_field=9)
        restorer.restore(picture(200, 310, 3), progress=lambda done, total: told.append((done, total)))
        assert told == [(done, 6) for done in range(1, 7)]

    def test_too_many_pixels(self, invert, picture, tmp_path):
        Image.fromarray(picture(6, 4, 3)).save(tmp_path / "a.png")
        assert isinstance(invert.restore(tmp_path / "a.png", max_pixels=23).error, InputError)
        assert invert.restore(tmp_path / "a.png", max_pixels=24).ok


class TestModule:
    def test_it_takes_a_plain_tensor(self, srresnet):
        restorer = srresnet(scale=2, blocks=1, channels=4)
        image = torch.rand(1, 3, 9, 8)
        assert torch.equal(restorer.module(image).clamp(0, 1), restorer(image))

    def test_it_is_in_eval_mode_and_needs_no_gradients(self, srresnet):
        module = srresnet(scale=2, blocks=1, channels=4).module
        assert not module.training
        assert not any(p.requires_grad for p in module.parameters())
        assert all(p.is_contiguous(memory_format=torch.channels_last) for p in module.parameters() if p.ndim == 4)

    def test_parameters_of_five_dimensions(self, make):
        """channels_last is a format of four."""

        class Volume(type(make(negative).module)):
            def __init__(self):
                super().__init__(lambda seen: self.conv(seen.image[:, :, None])[:, :, 0])
                self.conv = torch.nn.Conv3d(3, 3, 1)

        assert make(Volume())(torch.rand(3, 6, 4)).shape == (3, 6, 4)

    def test_repr(self, srresnet):
        assert repr(srresnet(scale=2, blocks=1, channels=4)) == "<Restorer srresnet x2 on cpu in float32>"


class TestGradients:
    @pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
    def test_a_search_with_gradients_inside_a_model(self, make, mode):
        """Gradient descent on a latent finds the image, whatever mode the caller is in."""

        def search(seen):
            latent = torch.zeros_like(seen.image, requires_grad=True)
            with torch.enable_grad():
                for _ in range(40):
                    [slope] = torch.autograd.grad(((latent - seen.image) ** 2).sum(), latent)
                    latent = (latent - 0.25 * slope).detach().requires_grad_()
            return latent

        image = torch.rand(3, 5, 7)
        with mode():
            before = (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
            result = make(search)(image)
            assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before
        assert torch.allclose(result, image, atol=1e-6)
        assert not result.requires_grad

    def test_an_image_that_needs_gradients(self, invert):
        image = torch.rand(3, 5, 7, requires_grad=True)
        result = invert(image)
        assert torch.equal(result, 1 - image)
        assert not result.requires_grad

    def test_a_model_is_run_without_them(self, make):
        modes = []

        def spy(seen):
            modes.append((torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
            return seen.image

        make(spy)(torch.rand(3, 5, 7))
        assert modes == [(False, False)]


@pytest.mark.parametrize("tile", [0, -1, True, 1.5, "large", None])
def test_a_tile_that_is_no_size(make, tile):
    with pytest.raises(UsageError, match="the tile is"):
        make(negative, tile=tile, tiling="exact", receptive_field=1)


def test_a_tile_for_a_model_that_takes_none(make):
    for tiling, reason in (("forbidden", "must see the whole image"), ("internal", "cuts images itself")):
        with pytest.raises(UsageError, match=reason):
            make(negative, tile=64, tiling=tiling)
        for tile in ("auto", "off"):
            make(negative, tile=tile, tiling=tiling)
    with pytest.raises(UsageError, match="of one size only"):
        make(negative, tile=64, tiling="approximate", fixed_size=(64, 64))


def test_memory_that_does_not_suffice_for_the_result(make, monkeypatch, picture):
    def canvas(photo, *_, **__):
        raise MemoryError

    monkeypatch.setattr(Photo, "canvas", canvas)
    with pytest.raises(DeviceError, match=r"the result of numpy array \(5, 7, 3\)"):
        make(negative)(picture(5, 7, 3))


class TestDeclared:
    """What depends on options or weights the built module tells, and the runtime keeps to it."""

    class Told(Model):
        trained = True

        def __init__(self, **told):
            super().__init__()
            self.told = told

        def declared(self, spec):
            return replace(spec, **self.told)

        def forward(self, observation):
            assert observation.image.shape[1] == 1
            assert observation.image.shape[-1] % 8 == observation.image.shape[-2] % 8 == 0
            assert observation.image.shape[-1] >= 24
            return observation.image.repeat_interleave(2, 2).repeat_interleave(2, 3)

    def test_sizes_scale_and_channels(self, make):
        told = {"scale": 2, "channels": (1,), "multiple_of": 8, "min_size": 24}
        restorer = make(self.Told(**told), scale=None)
        image = torch.rand(3, 11, 9)
        assert torch.equal(restorer(image), image.repeat_interleave(2, 1).repeat_interleave(2, 2))
        assert (restorer.spec.multiple_of, restorer.scale) == (8, 2)

    def test_a_task_that_needs_a_mask(self, make):
        with pytest.raises(UsageError, match="no mask says where"):
            make(self.Told(task="inpainting"))(torch.rand(3, 8, 8))

    def test_a_pickle_keeps_it(self, make):
        restorer = make(self.Told(tiling="exact", receptive_field=21))
        again = pickle.loads(pickle.dumps(restorer))
        assert (again.spec, again.receptive_field) == (restorer.spec, 21)

    def test_what_makes_no_sense_is_blamed_on_the_plugin(self, make):
        with pytest.raises(PluginError, match="fake declares, once built, makes no sense: multiple_of of 'fake'"):
            make(self.Told(multiple_of=0))

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (lambda spec: None, r"fake declares, once built, is no ModelSpec: .*Wrong\.declared returned None"),
            (lambda spec: {}["depth"], r"fake declares, once built, is not known: .*Wrong\.declared raised KeyError"),
        ],
    )
    def test_no_answer_is_blamed_on_the_plugin(self, make, answer, said):
        class Wrong(Model):
            def declared(self, spec):
                return answer(spec)

        with pytest.raises(PluginError, match=said) as caught:
            make(Wrong())
        assert "defect of the model's plugin" in caught.value.cure


class TestDescriptorAndModule:
    """One rule for what both may tell: the module fills what is open, and a contradiction is an error."""

    class Own(Model):
        def __init__(self, **told):
            super().__init__()
            for name, value in told.items():
                setattr(self, name, value)

        def forward(self, observation):
            return observation.image

    @pytest.mark.parametrize("name", ["scale", "receptive_field"])
    @pytest.mark.parametrize(("declared", "own", "holds"), [(None, 7, 7), (7, None, 7), (7, 7, 7)])
    def test_who_speaks_is_heard(self, make, name, declared, own, holds):
        assert getattr(make(self.Own(**{name: own}), **{name: declared}), name) == holds

    @pytest.mark.parametrize("name", ["scale", "receptive_field"])
    def test_a_contradiction(self, make, name):
        with pytest.raises(
            PluginError, match=f"{name} of 'fake' is 5 in its ModelSpec and 7 in the built Own"
        ) as caught:
            make(self.Own(**{name: 7}), **{name: 5})
        assert f"{name}=None" in caught.value.cure

    def test_neither_speaks(self, make):
        restorer = make(self.Own(), scale=None)
        assert (restorer.scale, restorer.receptive_field) == (1, None)
        with pytest.raises(PluginError, match="exact tiling, and neither its ModelSpec nor the built module"):
            make(self.Own(), tiling="exact")

    @pytest.mark.parametrize("value", [torch.nn.Parameter(torch.ones(())), torch.nn.ReLU()])
    @pytest.mark.parametrize("name", ["scale", "receptive_field", "trained"])
    def test_a_name_that_is_taken(self, name, value):
        with pytest.raises(PluginError, match=f"Own keeps a {type(value).__name__} in self.{name}") as caught:
            self.Own(**{name: value})
        assert "another name" in caught.value.cure
