"""How far an output pixel looks, against what is declared."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import receptive_field


class Two(Model):
    """Two convolutions of 5 x 5: an output pixel sees 4 pixels to each side. ReLU kills half of what it sees."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 3, 5, padding=2))

    def forward(self, observation):
        return self.layers(observation.image)


class Upscaled(Two):
    """On output pixels: two of them are an input pixel, so that 4 reach 2."""

    def forward(self, observation):
        return self.layers(observation.image.repeat_interleave(2, 2).repeat_interleave(2, 3))


class Tall(Model):
    def forward(self, observation):
        return F.avg_pool2d(observation.image, (7, 1), 1, (3, 0), count_include_pad=False)


class Ahead(Model):
    """Sees five pixels, all on one side."""

    def forward(self, observation):
        image = observation.image
        return image + F.pad(image, (0, 4, 0, 0))[..., 4:]


class Faint(Model):
    """What is far away is worth 1e-6 a step: eight steps leave nothing that a sum in float64 would show."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range(8)))
        with torch.no_grad():
            for layer in self.layers:
                centre = layer.weight[..., 1, 1].clone()
                layer.weight *= 1e-6
                layer.weight[..., 1, 1] = centre

    def forward(self, observation):
        return self.layers(observation.image)


class Pooled(Two):
    """A branch that sees the whole image, as channel attention does."""

    def forward(self, observation):
        return super().forward(observation) * observation.image.mean((2, 3), keepdim=True).sigmoid()


class PooledUnseen(Two):
    """The same, without gradients."""

    def forward(self, observation):
        return super().forward(observation) * observation.image.detach().amax((2, 3), keepdim=True)


class Gate(Model):
    """Dims bright images: noise is none."""

    def forward(self, observation):
        image = observation.image
        return torch.where(image.mean((1, 2, 3), keepdim=True) > 0.7, 0.8 * image, image)


class Dark(Model):
    """Brightens dark images."""

    def forward(self, observation):
        image = observation.image
        return torch.where(image.detach().mean((1, 2, 3), keepdim=True) < 0.3, 1.2 * image, image)


class Wide(Model):
    """Sees 20 pixels to the left and to the right."""

    def forward(self, observation):
        return F.avg_pool2d(observation.image, (1, 41), 1, (0, 20))


class Median(Model):
    """Without gradients, and in float32 whatever comes."""

    def forward(self, observation):
        image = observation.image.detach().float()
        padded = F.pad(image, (1, 1, 1, 1), mode="replicate")
        return padded.unfold(2, 3, 1).unfold(3, 3, 1).flatten(4).median(4).values


class Fourier(Model):
    """A blur of 5 x 5, computed where rounding reaches everywhere."""

    def forward(self, observation):
        image = observation.image
        padded = F.pad(image, (2, 2, 2, 2))
        kernel = torch.zeros_like(padded)
        kernel[..., :5, :5] = 1 / 25
        spectrum = torch.fft.rfft2(padded) * torch.fft.rfft2(kernel)
        return torch.fft.irfft2(spectrum, s=padded.shape[2:])[..., 4:, 4:]


class Cells(Model):
    """Cells of 4 x 4 and one on each side."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 8, 4, 4), nn.ConvTranspose2d(8, 3, 4, 4)
        self.middle = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, observation):
        return self.up(self.middle(self.down(observation.image)))


class Filling(Model):
    """The mean of what is known nearby."""

    def forward(self, observation):
        known = 1 - observation.mask
        near = F.avg_pool2d(observation.image * known, 5, 1, 2) / F.avg_pool2d(known, 5, 1, 2).clamp_min(1e-3)
        return torch.where(observation.mask > 0.5, near, observation.image)


class Stated(Two):
    """Its descriptor leaves open what the module declares."""

    receptive_field = 7


@pytest.mark.parametrize(
    ("made", "declared"),
    [
        (Two, {"receptive_field": 9}),
        (Two, {"receptive_field": 8}),
        (Two, {"receptive_field": 64}),
        (Upscaled, {"receptive_field": 5, "scale": 2}),
        (Tall, {"receptive_field": 7}),
        (Ahead, {"receptive_field": 9}),
        (Faint, {"receptive_field": 17}),
        (Median, {"receptive_field": 3}),
        (Fourier, {"receptive_field": 5}),
        (Cells, {"receptive_field": 12, "multiple_of": 4}),
        (Filling, {"receptive_field": 5, "task": "inpainting"}),
    ],
)
def test_true(judged, made, declared):
    assert judged(receptive_field, made, tiling="exact", **declared) is None


@pytest.mark.parametrize(
    ("made", "declared", "halo", "reach", "axis"),
    [
        (Two, {"receptive_field": 7}, 3, 4, "rows"),
        (Stated, {"receptive_field": None}, 3, 4, "rows"),
        (Two, {"receptive_field": 1}, 0, 4, "rows"),
        (Upscaled, {"receptive_field": 3, "scale": 2}, 1, 2, "rows"),
        (Tall, {"receptive_field": 5}, 2, 3, "columns"),
        (Ahead, {"receptive_field": 5}, 2, 4, "rows"),
        (Faint, {"receptive_field": 15}, 7, 8, "rows"),
        (Median, {"receptive_field": 1}, 0, 1, "rows"),
        (Fourier, {"receptive_field": 3}, 1, 2, "rows"),
        (Cells, {"receptive_field": 1, "multiple_of": 4}, 0, 4, "rows"),
        (Filling, {"receptive_field": 3, "task": "inpainting"}, 1, 2, "rows"),
    ],
)
def test_too_small(judged, made, declared, halo, reach, axis):
    said = judged(receptive_field, made, tiling="exact", **declared)
    assert f"nothing more than {halo} pixels away" in said
    assert f"what lies {reach} pixels away, along the {axis}, does" in said
    assert f"declare receptive_field={2 * reach + 1}, the side" in said


@pytest.mark.parametrize("made", [Pooled, PooledUnseen])
def test_a_branch_that_sees_the_whole_image(judged, made):
    said = judged(receptive_field, made, tiling="exact", receptive_field=9)
    assert "what lies at least 64 pixels away" in said
    assert "it sees all of an image" in said
    assert "declare tiling=approximate or forbidden" in said


@pytest.mark.parametrize("made", [Gate, Dark])
def test_what_bright_or_dark_pixels_far_away_decide(judged, made):
    assert "pixels away, along the rows, does" in judged(receptive_field, made, tiling="exact", receptive_field=3)


def test_a_look_that_is_far_and_ends(judged):
    said = judged(receptive_field, Wide, tiling="exact", receptive_field=3)
    assert "what lies 20 pixels away" in said
    assert "declare receptive_field=41, the side" in said
    assert judged(receptive_field, Wide, tiling="exact", receptive_field=41) is None


@pytest.mark.parametrize("declared", [{"tiling": "approximate", "receptive_field": 9}, {"tiling": "forbidden"}])
def test_no_promise(judged, declared):
    with pytest.raises(Inapplicable, match="only exact tiling promises"):
        judged(receptive_field, Pooled, **declared)
