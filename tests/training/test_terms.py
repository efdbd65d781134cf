"""Terms of the data go from the weights of a prior to those that are trained on what it makes."""

from __future__ import annotations

import json

import pytest
import torch

from restore import weights
from restore.errors import RestoreError, WeightsError
from restore.training.terms import joined, terms_of


def written(path, **metadata):
    weights.write(path, {"a": torch.zeros(1)}, metadata)
    return str(path)


def test_a_file_tells_them_itself_or_by_the_options_of_its_recipe(tmp_path):
    options = json.dumps({"data_terms": "free", "steps": 3})
    assert terms_of(written(tmp_path / "old.safetensors", recipe_options=options)) == "free"
    both = written(tmp_path / "new.safetensors", recipe_options=options, data_terms="free; for research")
    assert terms_of(both) == "free; for research"
    assert terms_of(f"dcgan-faces:width=8,weights={both}") == "free; for research"
    for name, told in (("none", {}), ("bad", {"recipe_options": "{"}), ("list", {"recipe_options": "[]"})):
        assert terms_of(written(tmp_path / f"{name}.safetensors", **told)) == ""


def test_installed_weights_tell_theirs():
    assert terms_of("dcgan-mnist") == terms_of("gan-mnist") == "MNIST, free"
    assert "non-commercial" in terms_of("dcgan-faces.celeba")


@pytest.mark.parametrize("prior", ["absent.safetensors", "cogan-mnist-edge", "dcgan-mnist.absent", "dcgan-moon"])
def test_what_has_no_weights_has_no_terms(prior):
    with pytest.raises(WeightsError if prior[0] in "ac" else RestoreError):
        terms_of(prior)


def test_all_terms_are_kept_once():
    assert joined("free", "", "for research", "free") == "free; for research"
    assert joined("", "") == ""
