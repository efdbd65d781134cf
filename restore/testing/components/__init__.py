"""Checks of components of every kind."""

from __future__ import annotations

from restore.testing.check import Check
from restore.testing.components.copies import copies_are_true
from restore.testing.components.descriptor import licence_is_known, summary_is_there
from restore.testing.components.options import options_are_typed, options_survive_toml
from restore.testing.components.process import building_changes_nothing_global
from restore.testing.components.registration import discovery_is_light, import_has_no_effects
from restore.testing.components.source import factory_builds, factory_resolves
from restore.testing.components.weights import (
    weights_are_described,
    weights_are_whole,
    weights_can_be_moved,
    weights_load,
)

CHECKS: tuple[Check, ...] = (
    discovery_is_light,
    import_has_no_effects,
    summary_is_there,
    licence_is_known,
    factory_resolves,
    factory_builds,
    options_are_typed,
    options_survive_toml,
    building_changes_nothing_global,
    copies_are_true,
    weights_are_whole,
    weights_are_described,
    weights_load,
    weights_can_be_moved,
)
