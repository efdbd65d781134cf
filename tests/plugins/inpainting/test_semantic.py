"""The model ``semantic-inpainting``: a stranger's prior fills holes, and what is known is left as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import restore
from restore.contracts import Observation
from restore.errors import InputError, UsageError
from restore_inpainting.box import shrunk

QUICK = {"prior": "waves", "steps": 150, "restarts": 3, "seed": 0}
BRIEF = {"prior": "waves", "steps": 3, "restarts": 2, "seed": 0, "coverage": 1}
BOX = (20, 11, 64, 64)
WHOLE = slice(None)


def hole(*boxes, height=32, width=32):
    """A mask as an array of levels, white where pixels are missing."""
    mask = np.zeros((height, width), np.uint8)
    for rows, columns in boxes:
        mask[rows, columns] = 255
    return mask


CENTER = hole((slice(8, 24), slice(8, 24)))
HALF = hole((WHOLE, slice(16, 32)))
FRAME = 255 - hole((slice(10, 22), slice(10, 22)))


def levels(image):
    """Return ``(H, W, C)`` bytes of ``(1, C, H, W)``."""
    return image[0].mul(255).round().byte().permute(1, 2, 0).numpy()


def off(restored, photo, mask):
    """The mean difference over missing pixels, in levels."""
    return np.abs(restored.astype(int) - photo)[mask > 0].mean()


@pytest.mark.parametrize(("mask", "most"), [(CENTER, 3), (HALF, 60), (FRAME, 60)], ids=["center", "half", "frame"])
def test_holes_are_filled_and_the_rest_comes_back_bit_for_bit(waves, mask, most):
    photo = levels(waves)
    holed = np.where(mask[..., None] > 0, 255, photo).astype(np.uint8)
    restored = restore.load("semantic-inpainting", **QUICK)(holed, mask=mask)
    assert restored.dtype == np.uint8
    assert np.array_equal(restored[mask == 0], photo[mask == 0])
    assert off(restored, photo, mask) < most


@pytest.mark.parametrize("preset", ["paper-2016", "paper-2017"])
def test_the_papers_settings_find_what_is_nearer_than_where_they_start(waves, preset):
    options = {"prior": "judged-waves", "steps": 100, "seed": 0, "prior_weight": 0}
    module = restore.load("semantic-inpainting", preset=preset, **options).module
    mask = torch.from_numpy(CENTER > 0).float()[None, None]
    found = module.candidates(Observation(image=waves, mask=mask))
    assert found.scores[0, 0] < 0.8 * found.found.trace[0, 0, 0]


class TestPresets:
    @pytest.fixture(autouse=True)
    def _installed(self, waves):
        pass

    @staticmethod
    def module(**options):
        return restore.load("semantic-inpainting", **({"prior": "judged-waves"} | options)).module

    @staticmethod
    def weights(module):
        return {term.name: term.weight for term in module.terms.terms}

    def test_2016(self):
        module = self.module(preset="paper-2016")
        of = module.settings
        assert (of.optimizer, of.rate, of.momentum, of.schedule) == ("nesterov", 0.01, 0.9, "constant")
        assert (of.steps, of.restarts, of.patience, module.start) == (1000, 1, None, "normal")
        assert self.weights(module) == {"contextual": 2, "adversarial": 0.1}
        loss = module.terms.terms[0].loss
        assert (loss.weighting, loss.reduction) == ("none", "sum")

    def test_2017(self):
        module = self.module(preset="paper-2017")
        of = module.settings
        assert (of.optimizer, of.schedule, of.steps, of.restarts) == ("adam", "constant", 1500, 1)
        assert module.start == "normal"
        assert self.weights(module) == {"contextual": 2, "adversarial": 0.003}
        loss = module.terms.terms[0].loss
        assert (loss.weighting, loss.window, loss.reduction) == ("near", 7, "mean")

    def test_ours_asks_what_the_prior_has(self):
        assert (self.module().start, self.module().settings.restarts) == ("encoder", 1)
        everywhere = "contextual:weighting=none"
        assert set(self.weights(self.module())) == {"contextual", everywhere, "adversarial"}
        assert set(self.weights(self.module(known_weight=0))) == {"contextual", "adversarial"}
        plain = self.module(prior="waves")
        assert (plain.start, plain.settings.restarts) == ("random", 8)
        assert set(self.weights(plain)) == {"contextual", everywhere}

    def test_options_win(self):
        search = {"steps": 7, "restarts": 5, "optimizer": "lbfgs", "start": "random"}
        module = self.module(preset="paper-2017", prior_weight=0.5, weighting="none", **search)
        of = module.settings
        assert (of.steps, of.restarts, of.optimizer, of.rate, module.start) == (7, 5, "lbfgs", 1.0, "random")
        assert self.weights(module)["adversarial"] == 0.5
        assert module.terms.terms[0].loss.weighting == "none"
        assert set(self.weights(self.module(preset="paper-2016", prior_weight=0))) == {"contextual"}

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"prior": "waves", "preset": "paper-2017"}, "asks a critic, and Waves has none"),
            ({"prior": "waves", "prior_weight": 0.1}, "asks a critic, and Waves has none"),
            ({"prior_weight": -1}, "prior_weight=-1"),
            ({"known_weight": -1}, "known_weight=-1"),
            ({"preset": "paper-2018"}, "paper-2017"),
            ({"window": 4}, "window of 4"),
            ({"window": 999}, "window of 999 pixels is far larger than images of 32 x 32"),
            ({"seed": 2**70}, f"seed={2**70}"),
            ({"seed": -1}, "seed=-1"),
            ({"steps": 0}, "steps=0"),
            ({"prior": "waves", "start": "encoder"}, "waves has no encoder to start from"),
            ({"prior": "gan-mnist", "refine_steps": 1}, "gan-mnist has no stages"),
            ({"prior": "dcgan-mnist", "refine_steps": 1, "refine_stage": 9}, "dcgan-mnist has no stage 9"),
            ({"coverage": 0}, "coverage=0"),
            ({"box": "0,0,32"}, "box must be 4 whole numbers joined by commas, or none"),
            ({"box": "-1,0,32,32"}, "box=-1,0,32,32 is no box"),
            ({"box": (0, 0, 32, 0)}, "box=0,0,32,0 is no box"),
            ({"box": (0, 0, 64, 32)}, "would distort"),
        ],
    )
    def test_what_cannot_be(self, options, message):
        with pytest.raises(UsageError, match=message):
            self.module(**options)


def test_the_prior_term_moves_the_fill(waves):
    photo = levels(waves)
    options = {"prior": "judged-waves", "steps": 100, "restarts": 1, "seed": 0, "start": "random", "coverage": 1}
    without, much = (
        restore.load("semantic-inpainting", prior_weight=weight, **options)(photo, mask=HALF) for weight in (0, 0.3)
    )
    assert much[HALF > 0].mean() > without[HALF > 0].mean() + 5


class TestCandidates:
    def test_all_restarts_best_first(self, waves):
        module = restore.load("semantic-inpainting", **BRIEF).module
        mask = torch.from_numpy(CENTER > 0).float()[None, None]
        seen = Observation(image=torch.cat([waves, waves.flip(-1)]), mask=mask.expand(2, -1, -1, -1))
        found = module.candidates(seen)
        assert found.images.shape == (2, 2, 3, 32, 32)
        assert found.scores.shape == found.errors.shape == (2, 2)
        assert (found.scores.diff() >= 0).all()
        assert torch.equal(found.image, module(seen))
        assert torch.equal(found.images * (1 - mask), (seen.image * (1 - mask))[:, None].expand_as(found.images))
        assert not torch.equal(found.images[:, 0], found.images[:, 1])
        known = (found.found.image - seen.image).abs()[(mask == 0).expand(2, 3, -1, -1)].view(2, -1)
        torch.testing.assert_close(found.errors[:, 0], known.mean(1))

    def test_an_image_among_others_gets_what_it_gets_alone(self, waves):
        module = restore.load("semantic-inpainting", **BRIEF).module
        images = torch.cat([waves, waves.flip(-1), waves.flip(-2)])
        masks = torch.stack([torch.from_numpy(mask > 0).float()[None] for mask in (CENTER, HALF, FRAME)])
        together = module(Observation(image=images, mask=masks))
        for number in range(3):
            alone = module(Observation(image=images[number : number + 1], mask=masks[number : number + 1]))
            torch.testing.assert_close(together[number : number + 1], alone, atol=1e-4, rtol=0)

    def test_nothing_in_a_hole_is_seen(self, waves):
        module = restore.load("semantic-inpainting", **BRIEF).module
        mask = torch.from_numpy(CENTER > 0).float()[None, None]
        holed = [torch.where(mask > 0, hidden, waves) for hidden in (0.0, 9.0, math.nan)]
        results = [module(Observation(image=image, mask=mask)) for image in holed]
        assert torch.equal(results[0], results[1])
        assert torch.equal(results[0], results[2])


class TestBlend:
    @pytest.mark.parametrize("blend", ["poisson", "copy"])
    def test_copies_have_seams_and_blends_have_not(self, waves, blend):
        photo = waves * 0.6 + 0.4  # nothing that the prior makes
        mask = torch.from_numpy(CENTER > 0).float()[None, None]
        module = restore.load("semantic-inpainting", **(QUICK | {"coverage": 1, "steps": 20}), blend=blend).module
        found = module.candidates(Observation(image=photo, mask=mask))
        raw = found.found.image[0]
        filled = found.image[0]
        if blend == "copy":
            assert torch.equal(filled[:, 8:24, 8:24], raw[:, 8:24, 8:24])
        step = (filled - raw)[:, 8:24, 7:9].diff(dim=2).abs().mean()
        assert (step < 0.02) == (blend == "poisson")

    def test_none_is_the_priors_image_for_who_calls_the_module(self, waves):
        restorer = restore.load("semantic-inpainting", **BRIEF, blend="none")
        mask = torch.from_numpy(CENTER > 0).float()[None, None]
        seen = Observation(image=waves, mask=mask)
        found = restorer.module.candidates(seen)
        assert torch.equal(found.image, found.found.image)
        assert torch.equal(restorer(waves, mask=mask)[..., :8, :], waves[..., :8, :])


class TestMasks:
    def test_nothing_missing(self, waves):
        assert torch.equal(restore.load("semantic-inpainting", **BRIEF)(waves, mask=np.zeros((32, 32), bool)), waves)
        module = restore.load("semantic-inpainting", **BRIEF).module
        assert torch.equal(module(waves), waves)

    def test_everything_missing(self, waves):
        model = restore.load("semantic-inpainting", **BRIEF)
        with pytest.raises(InputError, match="all of the image is missing") as caught:
            model(waves, mask=np.ones((32, 32), bool))
        assert "restore sample waves" in caught.value.cure

    def test_of_another_size(self, waves):
        with pytest.raises(InputError, match=r"is 16 x 16, and .* is 32 x 32"):
            restore.load("semantic-inpainting", **BRIEF)(waves, mask=np.zeros((16, 16), bool))

    def test_a_mask_is_needed(self, waves):
        with pytest.raises(UsageError, match="no mask says where"):
            restore.load("semantic-inpainting", **BRIEF)(waves)
        with pytest.raises(InputError, match="no mask says"):
            restore.load("semantic-inpainting", **BRIEF).module.candidates(Observation(image=waves))

    @pytest.mark.parametrize(
        ("image", "mask", "message"),
        [
            (torch.full((1, 3, 32, 32), math.nan), torch.ones(1, 1, 32, 32).tril(), "NaN or infinity among its known"),
            (torch.rand(1, 3, 32, 32), torch.full((1, 1, 32, 32), math.nan), "the mask holds NaN"),
            (torch.rand(1, 3, 32, 32), torch.ones(1, 1, 16, 32), "does not belong"),
            (torch.rand(1, 1, 32, 32), torch.ones(1, 1, 32, 32), "has 1 channels"),
            (torch.rand(1, 3, 40, 48), torch.ones(1, 1, 40, 48), "is 48 x 40, and the prior's images are 32 x 32"),
        ],
    )
    def test_what_does_not_fit_is_told_to_who_calls_the_module(self, waves, image, mask, message):
        with pytest.raises(InputError, match=message):
            restore.load("semantic-inpainting", **BRIEF).module(Observation(image=image, mask=mask))


def test_gray_and_colour_meet(waves):
    colours = restore.load("semantic-inpainting", **BRIEF)
    gray = levels(waves)[..., 0]
    restored = colours(gray, mask=CENTER)
    assert restored.shape == gray.shape
    assert np.array_equal(restored[CENTER == 0], gray[CENTER == 0])
    small = restore.load("semantic-inpainting", **(BRIEF | {"prior": "gray-waves"}))
    photo, mask = levels(waves)[:16, :16], CENTER[4:20, 4:20]
    restored = small(photo, mask=mask)
    assert np.array_equal(restored[mask == 0], photo[mask == 0])


@given(side=st.integers(7, 90), row=st.integers(0, 89), column=st.integers(0, 89), large=st.integers(0, 5))
@settings(deadline=None)
def test_every_hole_is_seen_in_the_small_image(side, row, column, large):
    """Whatever the sizes; beside a larger one too, and its neighbours keep their colours."""
    missing = torch.zeros(1, 1, 90, side, dtype=torch.bool)
    missing[..., row, column % side] = True
    missing[..., : 10 * large, : side // 2] = True
    seen = shrunk(torch.full((1, 3, 90, side), 0.7), missing, (16, 16))
    y, x = row * 16 // 90, column % side * 16 // side
    assert seen.mask[0, 0, y, x] == 1
    assert 0 < seen.mask.mean() < 1
    known = seen.image[(seen.mask == 0).expand_as(seen.image)]
    torch.testing.assert_close(known, torch.full_like(known, 0.7))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_of_scattered_pixels_enough_are_known(share):
    missing = torch.rand(2, 1, 96, 96, generator=torch.Generator().manual_seed(0)) < share
    missing[1, :, :24, :24] = True
    missing[1, :, 24:] = False
    mask = shrunk(torch.rand(2, 3, 96, 96), missing, (32, 32)).mask
    one, other = (shrunk(torch.rand(1, 3, 96, 96), holes[None], (32, 32)).mask for holes in missing)
    assert torch.equal(mask, torch.cat([one, other]))
    assert 0.02 < (1 - mask[0]).mean() < 0.6
    assert mask[1, :, :7, :7].all()
    assert not mask[1, :, 9:].any()


class TestBox:
    @pytest.fixture
    def photo(self, waves):
        """A photograph of 100 x 80, of which 64 x 64 are what the prior makes, twice as large."""
        noise = np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8)
        noise[11:75, 20:84] = levels(torch.nn.functional.interpolate(waves, scale_factor=2, mode="bilinear"))
        return noise

    @pytest.mark.parametrize(
        "region", [(slice(30, 50), slice(40, 60)), (slice(11, 40), slice(20, 50))], ids=["inside", "to its corner"]
    )
    def test_a_hole_in_it_is_filled_at_full_resolution(self, photo, region):
        mask = hole(region, height=80, width=100)
        restored = restore.load("semantic-inpainting", **QUICK, box=BOX)(photo, mask=mask)
        assert np.array_equal(restored[mask == 0], photo[mask == 0])
        blank = np.full_like(photo, 128)
        assert off(restored, photo, mask) < min(25, off(blank, photo, mask) / 2)

    def test_scattered_pixels_are_enough(self, photo):
        mask = np.zeros((80, 100), np.uint8)
        mask[11:75, 20:84] = 255 * (np.random.default_rng(1).random((64, 64)) < 0.5)
        restored = restore.load("semantic-inpainting", **QUICK, box=BOX)(photo, mask=mask)
        assert np.array_equal(restored[mask == 0], photo[mask == 0])
        assert off(restored, photo, mask) < 6

    @pytest.mark.parametrize("side", [1, 2, 5])
    @pytest.mark.parametrize("options", [{"preset": "paper-2017"}, {"known_weight": 0}])
    def test_no_hole_is_too_small_to_lead_the_search(self, photo, side, options):
        image = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
        image = image.repeat_interleave(5, 2).repeat_interleave(5, 3)
        mask = torch.zeros_like(image[:, :1])
        mask[..., 203 : 203 + side, 251 : 251 + side] = 1
        mask[..., 300:330, 200:230] = 1
        alone = mask.clone()
        alone[..., 300:330, 200:230] = 0
        box = tuple(5 * part for part in BOX)
        model = restore.load("semantic-inpainting", **(BRIEF | {"prior": "judged-waves"} | options), box=box).module
        for holes in (mask, alone):
            assert model.candidates(Observation(image=image, mask=holes)).found.terms["contextual"].min() > 0

    def test_a_box_of_which_nothing_is_known_is_too_small(self, photo):
        mask = hole((slice(11, 75), slice(20, 84)), height=80, width=100)
        with pytest.raises(InputError, match="all of box=20,11,64,64 is missing") as caught:
            restore.load("semantic-inpainting", **BRIEF, box=BOX)(photo, mask=mask)
        assert "a larger box" in caught.value.cure
        larger = (14, 6, 74, 74)
        restored = restore.load("semantic-inpainting", **BRIEF, box=larger)(photo, mask=mask)
        assert np.array_equal(restored[mask == 0], photo[mask == 0])

    @pytest.mark.parametrize("place", [(10, 30), (40, 19), (12, 22)], ids=["above it", "left of it", "in it"])
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_what_a_fill_is_blended_with_must_be_numbers(self, photo, place, value):
        image = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
        mask = torch.from_numpy(hole((slice(11, 40), slice(20, 50)), height=80, width=100) > 0).float()[None, None]
        mask[..., 12, 22] = 0
        image[..., place[0], place[1]] = value
        module = restore.load("semantic-inpainting", **BRIEF, box=BOX).module
        with pytest.raises(InputError, match="among the known pixels of box=20,11,64,64 and beside it"):
            module(Observation(image=image, mask=mask))

    def test_beyond_its_rim_nothing_is_looked_at(self, photo):
        image = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
        mask = torch.from_numpy(hole((slice(11, 40), slice(20, 50)), height=80, width=100) > 0).float()[None, None]
        module = restore.load("semantic-inpainting", **BRIEF, box=BOX).module
        wanted = module(Observation(image=image, mask=mask))
        image[..., 9, :] = math.nan
        found = module(Observation(image=image, mask=mask))
        assert torch.equal(found[..., 11:40, 20:50], wanted[..., 11:40, 20:50])

    @pytest.mark.parametrize("blend", ["poisson", "copy", "none"])
    def test_a_box_of_the_whole_image_of_the_priors_size_changes_nothing(self, waves, blend):
        plain, boxed = (
            restore.load("semantic-inpainting", **BRIEF, blend=blend, box=box)(waves, mask=CENTER)
            for box in (None, (0, 0, 32, 32))
        )
        assert torch.equal(plain, boxed)

    def test_candidates_are_of_the_photographs_size(self, photo):
        image = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
        mask = torch.from_numpy(hole((slice(30, 50), slice(40, 60)), height=80, width=100) > 0).float()[None, None]
        module = restore.load("semantic-inpainting", **BRIEF, box=BOX).module
        found = module.candidates(Observation(image=image, mask=mask))
        assert found.images.shape == (1, 2, 3, 80, 100)
        assert found.found.images.shape == (1, 2, 3, 32, 32)

    def test_without_one_another_size_is_an_error_that_names_it(self, photo):
        with pytest.raises(InputError, match=r"32 x 32 only, and .* is 100 x 80") as caught:
            restore.load("semantic-inpainting", **BRIEF)(photo, mask=np.zeros((80, 100), bool))
        assert "--set box=" in caught.value.cure

    @pytest.mark.parametrize(
        ("box", "message"),
        [
            ((50, 11, 64, 64), r"box=50,11,64,64 reaches 114 x 75, and the image is 100 x 80"),
            ((0, 16, 64, 64), r"16 missing pixels lie outside of box=0,16,64,64"),
        ],
    )
    def test_what_does_not_fit(self, photo, box, message):
        mask = hole((slice(14, 18), slice(30, 38)), height=80, width=100)
        with pytest.raises(InputError, match=message):
            restore.load("semantic-inpainting", **BRIEF, box=box)(photo, mask=mask)


class TestCoverage:
    @pytest.fixture
    def stripes(self):
        return np.tile(np.uint8([[0, 255], [255, 0]])[..., None], (16, 16, 3))

    def test_an_image_that_the_prior_cannot_make_is_told(self, waves, stripes):
        model = restore.load("semantic-inpainting", prior="waves", steps=20, restarts=1, seed=0)
        with pytest.warns(restore.RestoreWarning, match="far from all that the prior waves makes"):
            model(stripes, mask=CENTER)
        outcome = model.restore(stripes, mask=CENTER)
        assert outcome.ok
        assert len(outcome.report.warnings) == 1
        assert model.restore(levels(waves), mask=np.zeros((32, 32), bool)).report.warnings == ()

    def test_of_several_images_those_alone(self, waves, stripes):
        model = restore.load("semantic-inpainting", prior="waves", steps=60, restarts=2)
        told = [
            outcome.report.warnings
            for outcome in model.map([levels(waves), stripes], masks=[CENTER, CENTER], batch_size=2)
        ]
        assert (told[0], len(told[1])) == ((), 1)

    def test_not_of_an_image_beside_it_in_which_nothing_is_missing(self, waves, stripes):
        model = restore.load("semantic-inpainting", prior="waves", steps=60, restarts=2)
        whole = np.zeros((32, 32), bool)
        for images, masks, expected in (
            ([levels(waves), stripes], [CENTER, whole], [0, 0]),
            ([stripes, stripes], [whole, CENTER], [0, 1]),
        ):
            outcomes = [*model.map(images, masks=masks, batch_size=2)]
            assert [len(outcome.report.warnings) for outcome in outcomes] == expected
            untouched = masks.index(whole) if masks[0] is whole else 1
            assert np.array_equal(np.asarray(outcomes[untouched].photo.numpy()), images[untouched])

    def test_only_where_the_search_looks(self, waves, stripes):
        photo = levels(waves)
        photo[:, 24:] = stripes[:, 24:]
        options = {"known_weight": 0, **QUICK, "coverage": 0.1}
        mask = hole((slice(12, 20), slice(6, 14)))
        assert restore.load("semantic-inpainting", **options).restore(photo, mask=mask).report.warnings == ()
        del options["known_weight"]
        assert restore.load("semantic-inpainting", **options).restore(photo, mask=mask).report.warnings != ()

    def test_one_that_it_can_is_not(self, waves):
        assert restore.load("semantic-inpainting", **QUICK).restore(levels(waves), mask=CENTER).report.warnings == ()
