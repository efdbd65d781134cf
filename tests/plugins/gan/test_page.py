"""docs/priors.md: it names what the plugin offers, its commands exist, its table of options is what the recipe has."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from restore.cli import cli
from restore.options import check, parse_pairs, signature
from restore.registry import registry
from restore.values import as_text
from restore_gan.plugin import restore_priors, restore_recipes
from restore_gan.recipe import DCGANFaces

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "priors.md").read_text("utf-8")
TRAININGS = re.findall(r"^(restore train .*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("spec", restore_priors(), ids=lambda spec: spec.name)
def test_every_prior_has_a_row(spec):
    assert re.search(rf"^\| `{spec.name}` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("spec", restore_recipes(), ids=lambda spec: spec.name)
def test_every_recipe_is_on_the_page(spec):
    assert f"restore train {spec.name} " in PAGE


@pytest.mark.parametrize("line", TRAININGS)
def test_the_options_of_its_trainings_are_options_of_their_recipes(line):
    words = shlex.split(line)
    component = registry().find("recipe", words[2])
    pairs = [value for option, value in pairwise(words) if option == "--set"]
    check(component.spec.name, component.factory(), parse_pairs(pairs))


def test_the_table_of_options_has_the_defaults():
    options = signature(DCGANFaces)
    told = 0
    for names, values in re.findall(r"^\| (`[a-z0-9_`, ]+`) \| ([^|]+) \|[^|]+\|[^|]*\|$", PAGE, re.MULTILINE):
        keys = re.findall(r"`(\w+)`", names)
        if not set(keys) <= set(options):
            continue
        for key, value in zip(keys, values.replace("`", "").split(","), strict=True):
            assert as_text(options[key].default) == value.strip(), key
            told += 1
    assert told > 10


@pytest.mark.parametrize("name", ["dcgan-faces-encoder", "dcgan-faces"])
def test_info_explains_the_encoder(name):
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(cli, ["info", name])
    assert shown.exit_code == 0
    assert "encoder_width" in shown.stdout
