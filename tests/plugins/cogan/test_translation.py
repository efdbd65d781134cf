"""The model ``cogan``: what belongs to an image in the other domain, and images that the pair does not know."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import restore
from restore import weights as store
from restore.artifacts import WeightsSpec
from restore.cli import cli
from restore.contracts import Observation
from restore.errors import InputError, UsageError, WeightsError
from restore.testing.running import plan
from restore_cogan import translation
from restore_cogan.prior import CoGAN

QUICK = {"seed": 0, "device": "cpu", "steps": 40, "restarts": 2, "pool": 50}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A pair whose images differ, not trained, and the file of its weights."""
    torch.manual_seed(1)
    options = {"names": ["mnist", "edge"], "width": 0.03, "latent": 4}
    prior = CoGAN(**{**options, "names": ("mnist", "edge")}).eval()
    for norm in prior.generator.shared:
        norm[1].running_var.fill_(0.3)
    path = tmp_path_factory.mktemp("pair") / "pair.safetensors"
    store.write(path, prior.state_dict(), {"model": "cogan-mnist-edge", "options": json.dumps(options)}, half=True)
    return restore.load_prior("cogan-mnist-edge", device="cpu", weights=path), path


@pytest.fixture
def images(pair):
    prior, _ = pair
    with torch.no_grad():
        return prior.decode_pair(prior.sample(3, torch.Generator().manual_seed(8)))


@pytest.mark.parametrize(("domains", "given"), [({"from_": "mnist"}, 0), ({"from": "edge", "to": "mnist"}, 1)])
def test_it_finds_the_other_image_of_a_pair(pair, images, domains, given):
    model = restore.load("cogan", weights=pair[1], **domains, **QUICK)
    found = model.module.search(Observation(image=images[given]))
    torch.testing.assert_close(found.reconstruction, images[given], atol=0.02, rtol=0)
    torch.testing.assert_close(found.image, images[1 - given], atol=0.04, rtol=0)
    assert found.latent.shape == (3, 4)
    assert float(found.explained.min()) > 0.95
    assert torch.equal(model(images[given]), found.image)
    alone = model(images[given][1:2])
    torch.testing.assert_close(alone, found.image[1:2], atol=1e-4, rtol=0)


def test_what_is_missing_counts_for_nothing(pair, images):
    model = restore.load("cogan", weights=pair[1], from_="mnist", **QUICK)
    mask = torch.zeros_like(images[0])
    mask[..., :14, :] = 1
    holed = torch.where(mask > 0, torch.nan, images[0])
    found = model.module.search(Observation(image=holed, mask=mask))
    torch.testing.assert_close(found.image, images[1], atol=0.06, rtol=0)
    assert float(found.explained.min()) > 0.95


@pytest.mark.parametrize("rows", [0, 10])
def test_known_pixels_are_translated_too(pair, images, rows):
    mask = torch.zeros_like(images[0])
    mask[..., :rows, :] = 1
    model = restore.load("cogan", weights=pair[1], from_="mnist", **QUICK)
    torch.testing.assert_close(model(images[0], mask=mask), images[1], atol=0.06, rtol=0)


def test_searches_start_from_the_nearest():
    generator = torch.Generator().manual_seed(0)
    image, images = torch.rand(3, 1, 6, 5, generator=generator), torch.rand(20, 1, 6, 5, generator=generator)
    there = (torch.rand(3, 1, 6, 5, generator=generator) > 0.4).float()
    away = ((image[:, None] - images).square() * there[:, None]).flatten(2).sum(2)
    found = translation.nearest(image * there, there, images, 4)
    assert torch.equal(found, away.argsort(1)[:, :4])


def test_it_warns_of_what_the_pair_does_not_know(pair, images):
    batch = torch.stack([images[0][0], torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))])
    model = restore.load("cogan", weights=pair[1], from_="mnist", **QUICK)
    known, stranger = (model.restore(image).report.warnings for image in batch)
    assert len(known) == 0
    assert "of the image, less than coverage=0.6" in stranger[0]
    with pytest.warns(restore.notices.RestoreWarning, match="image 2 of the batch"):
        model.module(batch)


def test_the_command(pair, images, tmp_path):
    _, path = pair
    digit = images[0][0, 0].mul(255).round().byte().numpy()
    Image.fromarray(digit).save(tmp_path / "digit.png")
    words = ["run", "cogan", str(tmp_path / "digit.png"), "--weights", str(path), "--seed", "0", "--device", "cpu"]
    options = ["steps=60,restarts=2", "pool=50", "from=mnist,to=edge"]
    result = CliRunner().invoke(
        cli, [*words, "-o", str(tmp_path / "edge.png"), *(word for text in options for word in ("--set", text))]
    )
    assert result.exit_code == 0, result.output
    edge = np.asarray(Image.open(tmp_path / "edge.png")) / 255
    assert np.abs(edge - images[1][0, 0].numpy()).max() < 0.05
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(tmp_path / "digit.png")
    result = CliRunner().invoke(cli, [*words, "-o", str(tmp_path / "other.png"), "--set", "from=mnist"])
    assert result.exit_code == 1
    assert "20 x 30" in result.output
    assert "28 x 28" in result.output
    assert "resize it first" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"from": "usps"}, "no domain 'usps'"),
        ({"to": "mnist"}, "from mnist to mnist is no translation"),
        ({"to": "usps"}, "no domain 'usps'"),
        ({"pool": 1, "restarts": 2}, "pool=1"),
        ({"coverage": 1.0}, "coverage=1"),
        ({"steps": 0}, "steps=0"),
    ],
)
def test_what_cannot_be(pair, options, message):
    with pytest.raises(UsageError, match=message):
        restore.load("cogan", weights=pair[1], device="cpu", **{"from": "mnist", **options})


def test_images_that_do_not_fit(pair, images):
    module = restore.load("cogan", weights=pair[1], from_="mnist", **QUICK).module
    with pytest.raises(InputError, match="resize them"):
        module(images[0][..., :20])
    with pytest.raises(InputError, match="NaN"):
        module(images[0] * torch.nan)
    with pytest.raises(InputError, match=r"mask \(1, 1, 28, 27\) does not belong to images \(3, 1, 28, 28\)"):
        module(Observation(image=images[0], mask=torch.ones(1, 1, 28, 27)))
    with pytest.raises(InputError, match="all of an image is missing"):
        module(Observation(image=images[0], mask=torch.ones_like(images[0])))


def test_which_pair_is_meant(pair, tmp_path):
    assert translation.find_pair(pair[1], set()) == "cogan-mnist-edge"
    store.write(tmp_path / "bare.safetensors", {"a": torch.zeros(1)}, {})
    with pytest.raises(UsageError, match="does not say of what"):
        translation.find_pair(tmp_path / "bare.safetensors", set())
    with pytest.raises(WeightsError):
        translation.find_pair(tmp_path / "absent.safetensors", set())
    with pytest.raises(UsageError, match="no pair that has weights knows edge and moon"):
        translation.find_pair(None, {"moon", "edge"})
    with pytest.raises(UsageError, match="dcgan-mnist has one domain"):
        restore.load("cogan:from=mnist", prior="dcgan-mnist", device="cpu")


@pytest.mark.parametrize("domains", [{"mnist"}, {"usps"}, {"mnist", "usps"}])
def test_of_one_pair_the_first_weights_are_meant(domains):
    assert translation.find_pair(None, domains) == "restore-toolkit:cogan-digits.mnist-usps"


def ship(monkeypatch, **offered):
    """Give priors weights that are for two domains, ``name={tag: (first, second)}``."""
    all_of = {
        name.replace("_", "-"): tuple(
            WeightsSpec(tag=tag, file="x:y.safetensors", sha256="0" * 64, options={"names": names})
            for tag, names in tags.items()
        )
        for name, tags in offered.items()
    }
    one = restore.registry.registry().find("prior", "cogan-digits")
    monkeypatch.setattr(
        type(one), "weights", property(lambda one: all_of.get(one.spec.name, ()) if one.spec.kind == "prior" else ())
    )


def test_between_several_pairs_nobody_but_the_user_chooses(monkeypatch):
    digits = {"usps": ("mnist", "usps"), "back": ("usps", "mnist"), "moon": ("mnist", "moon")}
    ship(monkeypatch, cogan_digits=digits, cogan={"own": ("moon", "mnist")}, dcgan_mnist={"other": ("mnist", "usps")})
    named = "restore-toolkit:cogan"
    assert translation.find_pair(None, {"mnist", "usps"}) == f"{named}-digits.usps"  # dcgan-mnist is no pair
    with pytest.raises(UsageError) as caught:
        translation.find_pair(None, {"mnist", "moon"})
    assert f"know mnist and moon: {named}.own (mnist and moon), {named}-digits.moon" in caught.value.message
    with pytest.raises(UsageError, match="several pairs that have weights know mnist:") as caught:
        restore.load("cogan:from=mnist", device="cpu")
    assert caught.value.message.count("restore-toolkit:") == 3
    assert "prior=NAME" in caught.value.cure


@pytest.mark.filterwarnings("ignore::restore.RestoreWarning")
def test_it_passes_the_kit(pair):
    trials = plan(f"model-cogan:from=mnist,weights={pair[1]},steps=2,pool=5,restarts=1")
    verdicts = [trial.run() for trial in trials if not trial.check.name.startswith(("discovery", "import"))]
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    assert sum(v.outcome == "passed" for v in verdicts) > 15
