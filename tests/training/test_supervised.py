"""A supervised recipe: a network and a degradation are all that a plugin has to bring."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore import images
from restore.cli.degrade import seed_of
from restore.composition import build_degradation
from restore.contracts import Model, Observation
from restore.errors import InputError, UsageError
from restore.training import Settings, Supervised, train
from restore.training.data import find_images
from restore.weights import read


class Residual(Model):
    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, channels, 3, padding=1)
        )

    def forward(self, observation):
        return observation.image + self.body(observation.image)


class Denoising(Supervised):
    name = "tiny-denoising"
    model = "tiny"

    def __init__(self, steps: int = 80, colors="rgb", patch: int = 32, init=None, degradation: str = "") -> None:
        options = {"channels": 1 if colors == "gray" else 3}
        super().__init__(
            degradation=degradation or "gaussian-noise:sigma=0.15", model_options=options, steps=steps, patch=patch,
            colors=colors, init=init, batch_size=4, learning_rate=5e-3, warmup=5, ema=0.8,
        )  # fmt: skip

    def network(self):
        return Residual(**self.model_options)


@pytest.mark.parametrize("colors", ["rgb", "gray"])
def test_a_denoiser_learns_to_take_noise_away(photos, tmp_path, colors):
    recipe = Denoising(colors=colors)
    torch.manual_seed(0)
    before = recipe.validate(Residual(**recipe.model_options), photos)
    settings = Settings(
        data=photos, output=tmp_path / "run", options={"colors": colors}, validation=photos, precision="float32",
        quiet=True,
    )  # fmt: skip
    result = train(recipe, settings)
    network = Residual(**recipe.model_options)
    network.load_state_dict({name: value.float() for name, value in read(result.weights)[0].items()})
    after = recipe.validate(network, photos)
    noisy = -20 * torch.log10(torch.tensor(0.15)).item()
    assert before["psnr"] < noisy + 1
    assert after["psnr"] > noisy + 3


@pytest.mark.parametrize(
    ("kind", "told"), [("empty", "holds no images"), ("absent", "is not a folder"), ("file", "is not a folder")]
)
def test_a_validation_set_without_images_is_told_before_anything_is_read(photos, tmp_path, kind, told):
    folder = tmp_path / "scored"
    if kind == "empty":
        folder.mkdir()
    elif kind == "file":
        folder.write_bytes(b"1")
    recipe = Denoising(steps=2)
    recipe.load_data = lambda folder, progress: pytest.fail("the training set was read")
    settings = Settings(data=photos, output=tmp_path / "run", options={}, validation=folder, quiet=True)
    with pytest.raises(InputError, match=f"scored {told}") as caught:
        train(recipe, settings)
    assert "--validation" in caught.value.cure
    assert not settings.output.exists()


def test_the_card_says_what_was_learnt(photos, tmp_path):
    settings = Settings(data=photos, output=tmp_path / "run", options={}, precision="float32", quiet=True)
    card = train(Denoising(steps=2), settings).weights.with_suffix(".md").read_text("utf-8")
    assert "3 images, 0.0 megapixels (1 smaller than 32 x 32 left out), degraded by gaussian-noise:sigma=0.15" in card


def test_more_is_measured_where_a_recipe_asks(photos):
    """What blurs and copies: degraded again the copy is blurred twice, which PSNR against the once blurred tells."""

    class Measuring(Denoising):
        protocol = "denoise-rgb-25"
        measured = ("psnr", "lr-consistency", "lpips")

        def network(self):
            return nn.Identity()

    class Copy(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(()))

        def forward(self, observation):
            return observation.image

    recipe = Measuring(degradation="gaussian-blur:sigma=2")
    assert recipe.validation_protocol == "means of psnr, lr-consistency, lpips of whole images under `denoise-rgb-25`"
    scores = recipe.validate(Copy(), photos)
    assert list(scores) == ["psnr", "lr-consistency"]  # the smallest photograph is too small for LPIPS
    assert 20 < scores["psnr"] < scores["lr-consistency"] < 100


@pytest.mark.parametrize("degradation", ["mask-random:share=0.5", "mask-center", "gaussian-noise:sigma=0.1"])
def test_training_and_validation_show_the_network_the_same(photos, degradation):
    """Image and mask; of the degradation and what it drew, nothing."""
    seen = []

    class Filling(Denoising):
        def network(self):
            class Fills(Residual):
                def forward(self, observation):
                    seen.append(observation)
                    return super().forward(observation)

            return Fills()

    recipe = Filling(degradation=degradation)
    recipe.load_data(photos, lambda done, total: None)
    [phase] = recipe.build()
    phase.objective(recipe.batch(1))
    recipe.validate(phase.network, photos)
    trained, *validated = seen
    assert trained.image.shape == (4, 3, 32, 32)
    assert len(validated) == 4
    for shown in seen:
        assert (shown.degradation, shown.params) == (None, {})
        assert (shown.mask is not None) == degradation.startswith("mask")
        assert shown.mask is None or shown.mask.shape[-2:] == shown.image.shape[-2:]


def test_each_image_of_a_validation_draws_what_the_benchmark_draws(photos):
    """So one lucky draw is not the whole validation, and a score is that of ``restore bench``."""
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(()))

        def forward(self, observation):
            seen.append(observation.image)
            return observation.image

    Denoising(degradation="gaussian-noise:sigma=0.1").validate(Watching(), photos)
    for path, shown in zip(find_images(photos), seen, strict=True):
        photo = images.load(path)
        original = photo.source().read(0, 0, photo.height, photo.width)
        seed = seed_of(0, path.relative_to(photos))
        expected = build_degradation("gaussian-noise:sigma=0.1").observe(original, torch.Generator().manual_seed(seed))
        assert torch.equal(shown, expected.image)


def test_a_recipe_may_show_its_network_more(photos):
    class Told(Denoising):
        def network(self):
            class Needs(Residual):
                def forward(self, observation):
                    assert observation.params == {"sigma": 0.15}
                    return super().forward(observation)

            return Needs()

        def observation(self, image, mask):
            return Observation(image=image, mask=mask, params={"sigma": 0.15})

    recipe = Told()
    recipe.load_data(photos, lambda done, total: None)
    [phase] = recipe.build()
    phase.objective(recipe.batch(1))
    assert set(recipe.validate(phase.network, photos)) == {"psnr", "ssim"}


def test_patches_that_do_not_fit_are_refused(photos):
    with pytest.raises(UsageError, match="patch of 33"):
        Denoising(patch=33, degradation="bicubic:scale=4")
    with pytest.raises(InputError, match="as large as a patch of 128"):
        Denoising(patch=128).load_data(photos, lambda done, total: None)


def test_pictures_show_what_validation_shows(tmp_path):
    """What draws nothing is rounded to 8 bits in both."""
    from PIL import Image

    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (40, 40, 3), generator=rng, dtype=torch.uint8)
    Image.fromarray(pixels.numpy()).save(tmp_path / "a.png")
    shown = []

    class Watching(Residual):
        def forward(self, observation):
            shown.append(observation.image)
            return observation.image

    recipe = Denoising(degradation="gaussian-blur:sigma=1")
    recipe.validate(Watching(), tmp_path)
    drawn = recipe.pictures(Watching(), tmp_path)
    assert torch.equal(shown[0], shown[1])
    assert torch.equal(drawn["degraded"], shown[1])
    assert torch.equal(shown[1].mul(255).round().div(255), shown[1])


def test_an_image_smaller_than_the_scale_is_told(tmp_path):
    from PIL import Image

    Image.new("RGB", (40, 3)).save(tmp_path / "flat.png")
    recipe = Denoising(degradation="bicubic:scale=4")
    for look in (recipe.validate, recipe.pictures):
        with pytest.raises(InputError, match=r"flat\.png is 3 x 40 pixels, too small to be downscaled by 4"):
            look(Residual(), tmp_path)
