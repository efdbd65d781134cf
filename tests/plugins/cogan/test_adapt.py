"""`restore.adapt`: arrays in, a predictor out that can be saved, and a run that can be taken up."""

from __future__ import annotations

import copy
import pickle
import signal

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore.errors import InputError, UnknownNameError, UsageError, WeightsError
from restore_cogan.labelled import CoGANLabels

SMALL = {"width": 0.02, "latent": 5, "batch_size": 8, "device": "cpu", "precision": "float32"}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    monkeypatch.setattr("restore_cogan.coupled.POPULATION", 256)


@pytest.fixture(scope="module")
def bars():
    """Bars across and down, bright ones as bytes, with names; and fainter ones as floats."""
    names = np.array(["across", "down"] * 15)
    bright, faint = np.zeros((30, 14, 14), np.uint8), np.zeros((20, 14, 14))
    bright[0::2, 6:8] = 255
    bright[1::2, :, 6:8] = 255
    faint[0::2, 6:8] = 0.8
    faint[1::2, :, 6:8] = 0.8
    return bright, names, faint


@pytest.fixture(scope="module")
def predictor(bars):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restore.training.journal._board", lambda folder, start: None)
        patch.setattr("restore_cogan.coupled.POPULATION", 256)
        return restore.adapt(*bars, steps=40, critic_rate=2e-3, **SMALL)


def test_it_reads_what_had_no_labels(predictor, bars):
    *_, faint = bars
    assert predictor.classes_.tolist() == ["across", "down"]
    assert predictor.predict(faint).tolist() == ["across", "down"] * 10
    chances = predictor.predict_proba(faint)
    assert (chances.shape, chances.dtype) == ((20, 2), np.float64)
    np.testing.assert_allclose(chances.sum(1), 1)
    np.testing.assert_allclose(predictor.predict_proba(torch.from_numpy(faint[:1])), chances[:1], atol=1e-6)
    np.testing.assert_allclose(predictor.predict_proba(faint.reshape(20, -1)), chances)


def test_it_keeps_to_the_conventions_of_a_fitted_classifier(predictor, bars):
    """What scikit-learn's estimator checks ask of one that is fitted, and can be asked without the library."""
    *_, faint = bars
    chances = predictor.predict_proba(faint)
    assert predictor.classes_.tolist() == sorted(predictor.classes_)
    assert (chances.min() >= 0, chances.shape[1]) == (True, len(predictor.classes_))
    assert predictor.predict(faint).tolist() == predictor.classes_[chances.argmax(1)].tolist()
    assert predictor.predict(faint).dtype == predictor.classes_.dtype
    assert predictor.n_features_in_ == 14 * 14
    # An image's result depends neither on those beside it, nor on their order, nor on how they lie in memory.
    order = np.random.default_rng(0).permutation(20)
    np.testing.assert_allclose(predictor.predict_proba(faint[order]), chances[order], atol=1e-6)
    np.testing.assert_allclose(np.vstack([predictor.predict_proba(one[None]) for one in faint]), chances, atol=1e-6)
    np.testing.assert_allclose(predictor.predict_proba(np.asfortranarray(faint)), chances)
    np.testing.assert_allclose(predictor.predict_proba(faint.tolist()), chances)
    kept = faint.copy()
    kept.setflags(write=False)
    np.testing.assert_allclose(predictor.predict_proba(kept), chances)
    np.testing.assert_array_equal(kept, faint)
    for copied in (pickle.loads(pickle.dumps(predictor)), copy.deepcopy(predictor)):
        np.testing.assert_array_equal(copied.predict_proba(faint), chances)


def test_its_score_is_the_accuracy(predictor, bars):
    *_, faint = bars
    truth = ["across", "down"] * 10
    assert predictor.score(faint, truth) == 1
    assert predictor.score(faint, np.array([*truth[:15], *["neither"] * 5])) == pytest.approx(0.75)
    with pytest.raises(InputError, match="20 images have labels of the shape"):
        predictor.score(faint, truth[:19])


def test_it_is_the_same_after_saving(predictor, bars, tmp_path):
    *_, faint = bars
    predictor.save(tmp_path / "bars.safetensors")
    loaded = restore.Adapted.load(tmp_path / "bars.safetensors", device="cpu")
    assert loaded.predict(faint).tolist() == predictor.predict(faint).tolist()
    np.testing.assert_array_equal(loaded.predict_proba(faint), predictor.predict_proba(faint))
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "bars.safetensors").read_bytes()


def test_the_seed_decides_and_an_interrupted_run_goes_on(bars, tmp_path, monkeypatch):
    whole = restore.adapt(*bars, seed=4, steps=4, **SMALL).predict_proba(bars[2])
    other = restore.adapt(*bars, seed=5, steps=4, **SMALL).predict_proba(bars[2])
    assert not np.array_equal(whole, other)

    draw = CoGANLabels.batch

    def interrupting(recipe, step):
        if step == 3:
            signal.raise_signal(signal.SIGINT)
        return draw(recipe, step)

    with monkeypatch.context() as patch:
        patch.setattr(CoGANLabels, "batch", interrupting)
        with pytest.raises(KeyboardInterrupt):
            restore.adapt(*bars, seed=4, steps=4, folder=tmp_path / "run", **SMALL)
    again = restore.adapt(*bars, seed=4, steps=4, folder=tmp_path / "run", **SMALL)
    np.testing.assert_array_equal(again.predict_proba(bars[2]), whole)
    done = restore.adapt(*bars, seed=4, steps=4, folder=tmp_path / "run", **SMALL)
    np.testing.assert_array_equal(done.predict_proba(bars[2]), whole)
    bright, names, faint = bars
    with pytest.raises(UsageError, match="holds a run on other images"):
        restore.adapt(bright, names, 1 - faint, seed=4, steps=4, folder=tmp_path / "run", **SMALL)


def test_what_it_refuses(bars, predictor, tmp_path):
    bright, names, faint = bars
    with pytest.raises(InputError, match="all source labels are the same"):
        restore.adapt(bright, ["a"] * 30, faint, steps=1, **SMALL)
    with pytest.raises(InputError, match="there are 1 target images"):
        restore.adapt(bright, names, faint[:1], steps=1, **SMALL)
    with pytest.raises(InputError, match="to one size"):
        restore.adapt(bright, names, faint[:, :, :10], steps=1, **SMALL)
    with pytest.raises(UnknownNameError, match="coral"):
        restore.adapt(*bars, method="coral")
    with pytest.raises(UsageError, match="cannot adapt"):
        restore.adapt(*bars, method="cogan-mnist-edge", steps=1)
    with pytest.raises(UsageError, match="no option 'epochs'"):
        restore.adapt(*bars, epochs=3)
    with pytest.raises(InputError, match="images have 10 x 14 pixels, and 14 x 14 were adapted to"):
        predictor.predict(faint[:, :, :10])
    with pytest.raises(InputError, match="no images to read"):
        predictor.predict(faint[:0])
    restore.weights.write(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"model": "cogan"})
    with pytest.raises(WeightsError, match="holds no predictor"):
        restore.Adapted.load(tmp_path / "other.safetensors")


def test_a_folder_of_classes_is_trained_on_too(bars, run, tmp_path):
    bright, names, faint = bars
    for number, (image, name) in enumerate(zip(bright, names, strict=True)):
        (tmp_path / "data" / "source" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "data" / "source" / name / f"{number}.png")
    (tmp_path / "data" / "target").mkdir()
    for number, image in enumerate(faint):
        Image.fromarray((image * 255).astype(np.uint8)).save(tmp_path / "data" / "target" / f"{number}.png")
    result = run("cogan", tmp_path / "run", tmp_path / "data", every=100)
    assert set(result.scores) == {"source"}
    card = result.weights.with_suffix(".md").read_text()
    assert "30 images with labels of 2 classes, 20 without" in card
    assert "classes across, down" in card
    prior = restore.load_prior("cogan:show=target", device="cpu", weights=result.weights)
    assert prior.classify(torch.rand(3, 1, 28, 28)).shape == (3, 2)
    with pytest.raises(InputError, match="has 0 folders"):
        run("cogan", tmp_path / "other", tmp_path / "run")
