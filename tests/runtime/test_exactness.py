"""Tiles give the whole image's bits, in float32 on the CPU, where the halo covers the receptive field."""

from __future__ import annotations

import pytest
import torch

SIZES = [(1, 1), (1, 3), (2, 1), (37, 61), (1, 21000), (211, 103), (170, 233), (144, 145), (301, 299)]
"""From one pixel on; odd, thin, smaller and larger than tiles."""


def noise(height, width, batch=1, channels=3):
    generator = torch.Generator().manual_seed(height * 7919 + width)
    return torch.rand(batch, channels, height, width, generator=generator)


def differs(restorer, *sizes, tile, **options):
    """Return the sizes at which tiles give other bits than the whole image, and how many tiles there were."""
    whole, tiled = restorer(tile="off", **options), restorer(tile=tile, **options)
    found, tiles = [], []
    for size in sizes:
        image = noise(*size)
        outcome = tiled.restore(image)
        tiles.append(outcome.report.tiles)
        if not torch.equal(outcome.image, whole(image)):
            found.append(size)
    return found, tiles


@pytest.mark.parametrize("tile", [1, 48, 130, 1000, "auto"])
def test_srresnet_at_odd_sizes(srresnet, tile):
    found, tiles = differs(srresnet, *SIZES, tile=tile, scale=2, blocks=1, channels=8)
    assert found == []
    assert tiles[-1] == (9 if tile in (1, 48, 130) else 1)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 4, "blocks": 2, "channels": 8, "norm": "none", "skip": "bilinear"},
        {"scale": 3, "blocks": 1, "channels": 7, "norm": "none", "skip": "bilinear"},
        {"scale": 8, "blocks": 1, "channels": 4},
        {"scale": 2, "blocks": 2, "channels": 64, "norm": "none"},
    ],
    ids=lambda options: ",".join(f"{key}={value}" for key, value in options.items()),
)
def test_srresnet_of_every_kind(srresnet, options):
    found, tiles = differs(srresnet, (151, 163), tile=60, **options)
    assert found == []
    assert tiles == [4]


def test_the_whole_srresnet(srresnet):
    """Of 16 blocks of 64 channels, whose halo is 40 pixels and more, at a tile edge amid the image."""
    found, tiles = differs(srresnet, (72, 300), tile=64)
    assert found == []
    assert tiles == [2]


def test_two_threads(srresnet):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found, _ = differs(srresnet, (170, 233), tile=50, scale=2, blocks=1, channels=16)
    finally:
        torch.set_num_threads(before)
    assert found == []


def test_a_halo_that_is_too_small_is_seen(srresnet, make):
    """That equality is no accident: a quarter of the receptive field is not enough."""
    whole = srresnet(scale=2, blocks=2, channels=8)
    image = noise(170, 333)
    expected = whole(image)
    for halo, equal in [(whole.receptive_field // 2, True), (whole.receptive_field // 8, False)]:
        whole.module.receptive_field = 2 * halo
        tiled = make(whole.module, tile=170, scale=2, tiling="exact")
        assert torch.equal(tiled(image), expected) == equal


@pytest.mark.parametrize("size", [(170, 233), (16, 21), (37, 800)])
def test_the_mean_over_symmetries(srresnet, size):
    """The network sees every tile turned and mirrored, so wide ones are high."""
    found, tiles = differs(srresnet, size, tile=50, scale=2, blocks=1, channels=16, norm="none", ensemble=True)
    assert found == []
    assert tiles == [1 if size == (16, 21) else 4 if size[0] > 144 else 2]


def test_a_batch_of_images(srresnet):
    whole, tiled = (srresnet(tile=tile, scale=2, blocks=1, channels=8) for tile in ("off", 60))
    images = noise(170, 150, batch=3)
    assert torch.equal(whole(images), tiled(images))


@pytest.mark.parametrize("size", [(1, 1), (3, 170), (165, 171), (301, 150), (160, 320)])
def test_a_strided_network_that_asks_for_multiples_of_four(make, strided, size):
    image = noise(*size)
    whole, tiled = (
        make(strided, tile=tile, tiling="exact", receptive_field=16, multiple_of=4).restore(image)
        for tile in ("off", 50)
    )
    assert torch.equal(whole.image, tiled.image)
    assert whole.image.shape == image.shape
    assert tiled.report.tiles == 1 if size[0] * size[1] < 20000 else tiled.report.tiles > 1


def test_sides_beyond_the_image_mirror_it(make, strided):
    """5 x 6 pixels are shown as 8 x 8: the border pixel twice, then what lies inside."""
    restorer = make(strided, tiling="exact", receptive_field=16, multiple_of=4)
    image = noise(5, 6)
    mirrored = torch.cat([image, image[:, :, [4, 3, 2]]], 2)
    mirrored = torch.cat([mirrored, mirrored[..., [5, 4]]], 3)
    assert torch.equal(restorer(image), strided(mirrored)[..., :5, :6])


def test_a_smallest_size_holds_for_tiles_too(make):
    declared = {"tiling": "approximate", "receptive_field": 8, "min_size": 150}
    restorer = make(lambda seen: 1 - seen.image, tile=10, **declared)
    image = noise(31, 400)
    assert torch.equal(restorer(image), 1 - image)
    shapes = set(restorer.module.shapes)
    assert len(shapes) == 1
    assert min(shapes.pop()[2:]) >= 150


def test_in_bfloat16_tiles_differ_by_little(srresnet):
    """Less than a quarter of an 8-bit step where the network predicts what bilinear upscaling lacks."""
    options = {"scale": 2, "blocks": 2, "channels": 16, "norm": "none", "skip": "bilinear"}
    whole, tiled = (srresnet(tile=tile, precision="bfloat16", **options) for tile in ("off", 60))
    image = noise(170, 233)
    assert (whole(image) - tiled(image)).abs().max() <= 1e-3
    assert 0 < (whole(image) - srresnet(**options)(image)).abs().max() < 0.005
