"""LPIPS against the authors' published values, by hand, and what it refuses."""

from __future__ import annotations

import contextlib
import math

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from restore import images
from restore.benchmark import Protocol
from restore.benchmark.flags import flags
from restore.cli import cli
from restore.errors import DamagedWeightsError, InputError, UsageError, WeightsError
from restore.published import Network
from restore.trunks import Trunk
from restore_measurement import lpips
from restore_measurement.lpips import LPIPS
from restore_measurement.networks import NETWORKS


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


class TestPublishedValues:
    @pytest.mark.parametrize(
        ("net", "image", "value"),
        [("alex", "p0", 0.7219), ("alex", "p1", 0.1376), ("squeeze", "p0", 0.7110), ("squeeze", "p1", 0.1479)],
    )
    def test_the_authors_example(self, networks, shared_data, protocol, nchw, net, image, value):
        folder = shared_data / "lpips"
        score = LPIPS(net=net)(nchw(folder / f"ex_{image}.png"), nchw(folder / "ex_ref.png"), protocol)
        assert (score.shape, score.dtype) == ((1,), torch.float64)
        assert score.item() == pytest.approx(value, abs=5e-5)

    def test_random_tensors_of_the_squeeze_golden(self, networks, protocol):
        torch.manual_seed(42)
        first, second = torch.rand(10, 3, 100, 100), torch.rand(10, 3, 100, 100)
        assert LPIPS("squeeze")(first, second, protocol).mean().item() == pytest.approx(0.1005, abs=5e-5)


class TestProperties:
    def test_identical_images_are_at_no_distance(self, networks, protocol):
        image = noise(2, 3, 40, 53)
        assert LPIPS()(image, image.clone(), protocol).tolist() == [0, 0]

    def test_it_is_symmetric(self, networks, protocol):
        first, second = noise(1, 3, 40, 53), noise(1, 3, 40, 53, seed=1)
        there, back = LPIPS()(first, second, protocol).item(), LPIPS()(second, first, protocol).item()
        assert there == pytest.approx(back, abs=1e-7)
        assert there > 0.01

    def test_a_batch_scores_as_its_images_do(self, networks, protocol):
        first, second = noise(3, 3, 48, 37), noise(3, 3, 48, 37, seed=1)
        second[1] = first[1]
        alone = [LPIPS()(first[i : i + 1], second[i : i + 1], protocol).item() for i in range(3)]
        assert LPIPS()(first, second, protocol).tolist() == pytest.approx(alone, abs=1e-6)
        assert alone[1] == 0

    def test_bytes_floats_and_doubles_score_alike(self, networks, protocol):
        first, second = (noise(2, 3, 40, 40) * 255).byte()
        first, second = first[None], second[None]
        expected = LPIPS()(first, second, protocol).item()
        for dtype in (torch.float32, torch.float64):
            score = LPIPS()(first.to(dtype) / 255, second.to(dtype) / 255, protocol).item()
            assert score == pytest.approx(expected, abs=1e-6)

    def test_gray_is_replicated(self, networks, protocol):
        first, second = noise(1, 1, 40, 40), noise(1, 1, 40, 40, seed=1)
        colored = LPIPS()(first.expand(-1, 3, -1, -1), second.expand(-1, 3, -1, -1), protocol)
        assert LPIPS()(first, second, protocol).equal(colored)
        assert "gray replicated" in LPIPS().describe()

    def test_it_ignores_crop_and_colour_and_rounds_as_the_protocol_does(self, networks, protocol):
        first, second = noise(1, 3, 40, 40), noise(1, 3, 40, 40, seed=1)
        cropped = Protocol(id="sr", color="y", crop_border=4)
        assert LPIPS()(first, second, cropped).equal(LPIPS()(first, second, protocol))
        rounding = Protocol(id="sr", rounding="uint8")
        as_a_file = (first * 255).round().byte()
        assert LPIPS()(first, second, rounding).equal(LPIPS()(as_a_file, second, rounding))
        assert not LPIPS()(first, second, rounding).equal(LPIPS()(first, second, protocol))

    def test_it_carries_no_gradient_and_leaves_flags_and_autocast_alone(self, networks, protocol):
        first, second = noise(1, 3, 40, 40).requires_grad_(), noise(1, 3, 40, 40, seed=1)
        expected, before = LPIPS()(first, second, protocol), flags()
        assert not expected.requires_grad
        with torch.autocast("cpu", torch.bfloat16):
            assert LPIPS()(first, second, protocol).equal(expected)
        assert flags() == before


def test_the_formula_by_hand(monkeypatch, protocol):
    """One tap that sees the pixels themselves. Red against green, in the authors' scaling, three weights."""
    trunk = Trunk(layers=nn.Sequential(nn.Identity()), names={}, taps=(0,), channels=(3,))
    heads = (torch.tensor([1.0, 2.0, 4.0]),)
    monkeypatch.setattr(lpips, "_network", lambda net, places, device: (trunk, heads))
    first, second = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    first[:, 0], second[:, 1, :16] = 1, 1  # the lower half of the second image is black
    dark = [(-1 + 0.030) / 0.458, (-1 + 0.088) / 0.448, (-1 + 0.188) / 0.450]
    light = [(1 + 0.030) / 0.458, (1 + 0.088) / 0.448, (1 + 0.188) / 0.450]
    red = [light[0], dark[1], dark[2]]

    def distance(a, b):
        a, b = ([value / math.hypot(*pixel) for value in pixel] for pixel in (a, b))
        return sum(weight * (x - y) ** 2 for weight, x, y in zip((1, 2, 4), a, b, strict=True))

    upper, lower = distance(red, [dark[0], light[1], dark[2]]), distance(red, dark)
    assert LPIPS()(first, second, protocol).item() == pytest.approx((upper + lower) / 2, rel=1e-6)
    mask = torch.zeros(1, 1, 32, 32)
    mask[:, :, 8:20, 5:9] = 1  # of its twelve rows eight lie in the upper half
    assert LPIPS()(first, second, protocol, mask=mask).item() == pytest.approx((2 * upper + lower) / 3, rel=1e-6)


class TestHole:
    def test_everything_missing_is_the_whole_image(self, networks, protocol):
        first, second = noise(2, 3, 64, 48), noise(2, 3, 64, 48, seed=1)
        whole = LPIPS()(first, second, protocol, mask=torch.ones(2, 1, 64, 48))
        assert whole.tolist() == pytest.approx(LPIPS()(first, second, protocol).tolist(), rel=1e-6)

    def test_what_differs_beside_the_hole_does_not_count(self, networks, protocol):
        first = noise(1, 3, 64, 64)
        second, mask = first.clone(), torch.zeros(1, 1, 64, 64)
        second[..., :8], mask[..., 8:32] = 0, 1
        assert LPIPS()(first, second, protocol).item() > 0.01
        assert LPIPS()(first, second, protocol, mask=mask).item() == 0

    def test_without_a_hole_there_is_no_score(self, networks, protocol):
        image = noise(1, 3, 40, 40)
        assert LPIPS()(image, image, protocol, mask=torch.zeros(1, 1, 40, 40)).isnan().all()


def test_it_does_not_wait_for_the_device(networks, protocol, monkeypatch):
    """Meta tensors have no values: whatever asked for one would fail."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())  # unknown to meta
    image = torch.zeros(1, 3, 40, 40, dtype=torch.uint8, device="meta")
    assert LPIPS()(image, image, protocol).device.type == "meta"


class TestRefusals:
    @pytest.mark.parametrize(("height", "width"), [(31, 64), (64, 31), (1, 1)])
    def test_small_images(self, protocol, height, width):
        image = torch.zeros(1, 3, height, width)
        with pytest.raises(InputError, match="LPIPS needs 32 x 32 pixels"):
            LPIPS()(image, image, protocol)

    def test_32_pixels_suffice(self, networks, protocol):
        for net in ("alex", "squeeze"):
            assert LPIPS(net)(noise(1, 3, 32, 32), noise(1, 3, 32, 32, seed=1), protocol).item() > 0

    @pytest.mark.parametrize("turn", [lambda x: 255 * x, lambda x: 2 * x - 1, lambda x: x * math.nan])
    def test_another_range(self, protocol, turn):
        good = noise(1, 3, 40, 40)
        for pair in ((turn(good), good), (good, turn(good))):
            with pytest.raises(InputError, match=r"takes values in \[0, 1\]"):
                LPIPS()(*pair, protocol)

    @pytest.mark.parametrize("dtype", [torch.int32, torch.bool])
    @pytest.mark.parametrize("other", [torch.float32, torch.uint8])
    def test_whole_numbers_and_truth_beside_an_image(self, protocol, dtype, other):
        wrong, good = torch.ones(1, 3, 40, 40).to(dtype), torch.ones(1, 3, 40, 40).to(other)
        for pair in ((wrong, good), (good, wrong)):
            with pytest.raises(InputError, match=f"float or uint8, not {dtype}".replace("torch.", "")):
                LPIPS()(*pair, protocol)

    @pytest.mark.parametrize("shape", [(1, 3, 40, 41), (1, 1, 40, 40), (2, 3, 40, 40), (3, 40, 40)])
    def test_shapes_that_differ(self, protocol, shape):
        with pytest.raises(InputError, match="of one size"):
            LPIPS()(torch.zeros(shape), torch.zeros(1, 3, 40, 40), protocol)

    def test_two_channels_and_other_dtypes(self, protocol):
        with pytest.raises(InputError, match="gray or RGB"):
            LPIPS()(torch.zeros(1, 2, 40, 40), torch.zeros(1, 2, 40, 40), protocol)
        with pytest.raises(InputError, match="takes float or uint8"):
            LPIPS()(torch.zeros(1, 3, 40, 40).int(), torch.zeros(1, 3, 40, 40).int(), protocol)

    def test_another_version(self):
        image = torch.zeros(1, 3, 40, 40)
        with pytest.raises(UsageError, match=r"asks for LPIPS 0\.0"):
            LPIPS()(image, image, Protocol(id="old", lpips_version="0.0"))

    def test_a_missing_network_is_told_with_both_cures(self, networks, protocol, tmp_path, monkeypatch):
        monkeypatch.setenv("RESTORE_HOME", str(tmp_path))
        with pytest.raises(WeightsError, match=r"lpips-alex .* are not here") as caught:
            LPIPS()(noise(1, 3, 40, 40), noise(1, 3, 40, 40), protocol)
        assert "restore weights fetch lpips-alex" in caught.value.cure
        assert "restore weights import lpips-alex FILE" in caught.value.cure

    def test_a_damaged_network_ends_a_benchmark_before_its_first_image(self, networks, tmp_path, monkeypatch):
        monkeypatch.setenv("RESTORE_HOME", str(tmp_path / "home"))
        path = Network(NETWORKS["alex"]).path
        path.parent.mkdir(parents=True)
        path.write_bytes(b"no weights")
        images.save(images.load((noise(1, 3, 40, 40) * 255).byte()), tmp_path / "photos" / "a.png")
        result = CliRunner().invoke(
            cli, ["bench", "sr-x2", "--data", str(tmp_path / "photos"), "-o", str(tmp_path / "out")]
        )
        assert result.exit_code == 4, result.output
        told = " ".join(result.stderr.split())
        assert "lpips-alex cannot be used" in told
        assert path.name in told.replace(" ", "")
        assert "restore weights fetch lpips-alex" in told
        assert not (tmp_path / "out").exists()

    def test_missing_linear_weights(self, protocol, monkeypatch):
        monkeypatch.setattr(lpips.weights, "resource", lambda location: None)
        with pytest.raises(WeightsError, match="not installed") as caught:
            LPIPS()(noise(1, 3, 40, 40), noise(1, 3, 40, 40), protocol)
        assert "restore-toolkit[lpips]" in caught.value.cure

    def test_linear_weights_of_another_version(self, networks, protocol, monkeypatch):
        places = (lpips.weights.resource("lpips:weights/v0.0/alex.pth"), lpips._places("alex")[1])
        monkeypatch.setattr(lpips, "_places", lambda net: places)
        with pytest.raises(DamagedWeightsError, match=r"not hold the linear weights of LPIPS 0\.1"):
            LPIPS()(noise(1, 3, 40, 40), noise(1, 3, 40, 40), protocol)
