"""What a descriptor tells, what its factory takes, and what it makes."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
import torch
from torch import nn

from restore.errors import DamagedWeightsError, PluginError, WeightsError
from restore.plugin import DatasetSpec, ProtocolSpec
from restore.testing import CheckFailed, Inapplicable
from restore.testing.components.copies import copies_are_true
from restore.testing.components.descriptor import licence_is_known, summary_is_there
from restore.testing.components.options import options_are_typed, options_survive_toml
from restore.testing.components.process import building_changes_nothing_global
from restore.testing.components.source import factory_builds, factory_resolves

if TYPE_CHECKING:
    from fractions import Fraction

GOOD = DatasetSpec(name="things", factory=f"{__name__}:good", summary="Things", licence="MIT")


def good(
    sides: tuple[int, ...] = (4, 8),
    share: float = 1,
    mode: Literal["a", "b"] = "a",
    folder: Path = Path('with "quotes" and \\'),
    limit: float | None = None,
    exact: bool = True,
    beyond: float = float("inf"),
    words: list[str] = ["é", "\x7f"],  # noqa: B006 - it is only read
    anything: Any = 3,
    network: nn.Module | None = None,
) -> list[int]:
    return [1, 2]


@pytest.fixture
def made_by(subject_of):
    def make(factory, **options):
        globals()[factory.__name__] = factory
        return subject_of(replace(GOOD, factory=f"{__name__}:{factory.__name__}"), **options)

    return make


@pytest.mark.parametrize(
    "check",
    [summary_is_there, licence_is_known, factory_resolves, options_are_typed, options_survive_toml, copies_are_true],
    ids=lambda check: check.name,
)
def test_a_good_component(subject_of, check):
    check(subject_of(GOOD))


def test_no_summary(subject_of):
    with pytest.raises(CheckFailed, match=r'found: none\n +cure: DatasetSpec\(\.\.\., summary="'):
        summary_is_there(subject_of(replace(GOOD, summary=" ")))


@pytest.mark.parametrize(
    ("licence", "message"),
    [
        ("", "found: none"),
        ("Apache 2.0", "found: 'Apache 2.0', which is none"),
        ("mit", 'write it so: licence="MIT"'),
    ],
)
def test_licences_that_are_none(subject_of, licence, message):
    with pytest.raises(CheckFailed) as caught:
        licence_is_known(subject_of(replace(GOOD, licence=licence)))
    assert message in str(caught.value)


@pytest.mark.parametrize("licence", ["MIT", "MIT OR Apache-2.0", "LicenseRef-Proprietary"])
def test_licences(subject_of, licence):
    licence_is_known(subject_of(replace(GOOD, licence=licence)))


def test_a_factory_that_is_not_there(subject_of):
    with pytest.raises(PluginError, match="AttributeError"):
        factory_resolves(subject_of(replace(GOOD, factory=f"{__name__}:absent")))


def test_the_file_of_a_protocol(subject_of):
    spec = ProtocolSpec(name="y", file="restore_measurement:protocols/y.toml")
    factory_resolves(subject_of(spec))
    for check in (options_are_typed, options_survive_toml, copies_are_true):
        with pytest.raises(Inapplicable, match="has no factory"):
            check(subject_of(spec))
    with pytest.raises(CheckFailed, match=r"protocols/z\.toml is not installed"):
        factory_resolves(subject_of(replace(spec, file="restore_measurement:protocols/z.toml")))


def test_options_without_a_type(made_by):
    def untyped(scale=4):
        return scale

    with pytest.raises(
        CheckFailed, match=r"option 'scale' has a type annotation\n(.|\n)*cure: annotate it: scale: int"
    ):
        options_are_typed(made_by(untyped))


def test_a_type_that_cannot_be_resolved(made_by):
    def hidden(share: Fraction = 1):
        return share

    with pytest.raises(CheckFailed, match=r"found: 'Fraction', which names nothing(.|\n)*not below TYPE_CHECKING"):
        options_are_typed(made_by(hidden))


@pytest.mark.parametrize(
    ("annotation", "default", "found"),
    [
        (int, "4", "'4', which becomes 4"),
        (int, 2.5, "must be a whole number, not 2.5"),
        (tuple[float, ...], 0.1, r"0.1, which becomes (0.1,)"),
        (Literal["a", "b"], "c", "must be a | b, not 'c'"),
        (bool, 1, "must be true or false, not 1"),
    ],
)
def test_defaults_of_another_type(made_by, annotation, default, found):
    def wrong(option=default):
        return option

    wrong.__annotations__["option"] = annotation
    with pytest.raises(CheckFailed) as caught:
        options_are_typed(made_by(wrong))
    assert "'option'" in caught.value.expected
    assert found in caught.value.found


def test_a_default_that_toml_has_no_word_for(made_by):
    def strange(layer: nn.Module = nn.ReLU()):  # noqa: B008
        return layer

    options_are_typed(made_by(strange))
    with pytest.raises(CheckFailed, match=r"'layer' can be written in a TOML file(.|\n)*ReLU.*no word(.|\n)*Literal"):
        options_survive_toml(made_by(strange))


def test_a_default_that_toml_changes(made_by):
    def mapped(names: dict = {1: "a"}):  # noqa: B006
        return names

    with pytest.raises(CheckFailed, match=r"read as it was written(.|\n)*\{'1': 'a'\}"):
        options_survive_toml(made_by(mapped))


def test_no_options_need_no_file(made_by):
    def plain(path: str, network: nn.Module | None = None):
        return path

    with pytest.raises(Inapplicable, match="no option with a default"):
        options_survive_toml(made_by(plain))


class Shaken(nn.Module):
    """Copies that differ: what it holds lies outside its state when it is pickled."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))

    def __setstate__(self, state):
        super().__setstate__(state)
        self.weight.data += 1


class Locked:
    def __init__(self) -> None:
        self.fine, self.turn = 1, threading.Lock()


class Net(nn.Module):
    def __init__(self, seed: int = -1) -> None:
        super().__init__()
        if seed >= 0:
            torch.manual_seed(seed)
        self.layer = nn.Conv2d(1, 1, 1)


def test_copies_of_a_network(made_by):
    copies_are_true(made_by(Net))


def test_what_cannot_be_copied(made_by):
    with pytest.raises(CheckFailed, match=r"Locked can be pickled(.|\n)*because of the attribute 'turn'"):
        copies_are_true(made_by(Locked))


def test_copies_that_differ(made_by):
    with pytest.raises(CheckFailed, match=r"a pickled Shaken holds the same numbers(.|\n)*it differs in weight"):
        copies_are_true(made_by(Shaken))


def test_a_network_may_draw_its_first_numbers(made_by, subject_of):
    building_changes_nothing_global(made_by(Net))
    building_changes_nothing_global(subject_of(GOOD))


def test_a_network_may_not_seed(made_by):
    with pytest.raises(CheckFailed, match="does not seed torch's generator"):
        building_changes_nothing_global(made_by(Net, seed=3))


@pytest.mark.parametrize(
    ("act", "changed"),
    [
        (lambda: torch.rand(1), "torch's random generator"),
        (lambda: np.random.rand(1), "numpy's random generator"),
        (lambda: torch.set_grad_enabled(False), "torch.is_grad_enabled()"),
        (lambda: torch.set_default_dtype(torch.float64), "torch.get_default_dtype()"),
        (lambda: torch.set_num_threads(torch.get_num_threads() + 1), "torch.get_num_threads()"),
    ],
)
def test_building_that_changes_the_process(made_by, act, changed):
    def disturbing():
        act()
        return 1

    state = torch.get_rng_state()
    with pytest.raises(CheckFailed) as caught:
        building_changes_nothing_global(made_by(disturbing))
    assert caught.value.found == f"it changes {changed}"
    torch.set_rng_state(state)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def blind():
    raise WeightsError("the weights lab-eyes are not here", "restore weights import lab-eyes FILE")


def spoilt():
    raise DamagedWeightsError("lab-eyes.safetensors is not what was published", "import it again")


def test_weights_of_others_that_are_absent_are_no_defect_and_damaged_ones_are(subject_of):
    with pytest.raises(Inapplicable, match="lab-eyes are not here; restore weights import"):
        factory_builds(subject_of(replace(GOOD, factory=f"{__name__}:blind")))
    with pytest.raises(DamagedWeightsError):
        factory_builds(subject_of(replace(GOOD, factory=f"{__name__}:spoilt")))
