"""Terms of the data that weights were trained on, which bind whoever trains on what they make."""

from __future__ import annotations

import json
from pathlib import Path

from restore import weights as store
from restore.errors import WeightsError
from restore.options import parse
from restore.registry import registry, split_tag
from restore.trained import installed


def terms_of(prior: str) -> str:
    """Return the terms of the data that a prior's weights were trained on, as their header tells; empty: it does not.

    Args:
        prior: a safetensors file, or a prior as ``load_prior`` takes it, ``name.tag:key=value``.

    Raises:
        RestoreError: as ``load_prior``.
    """
    metadata = store.header(_file_of(prior)).metadata
    try:
        # What a user said of the data is an option, and older weights tell no other terms.
        given = json.loads(metadata.get("recipe_options", "{}"))["data_terms"]
    except (ValueError, TypeError, KeyError):
        given = ""
    return metadata.get("data_terms") or str(given)


def _file_of(prior: str) -> Path:
    path = Path(prior).expanduser()
    name, given = parse(prior)
    if path.is_file() or (path.suffix == ".safetensors" and not given):
        return path
    component, named = registry().find_weighted("prior", name)
    file = component.take_weights(given)
    if file is not None:
        return Path(file)
    found = installed(component, (named,) if named and split_tag(name)[1] else component.weights, given)
    for shipped in component.weights:
        if found is not None and shipped.sha256 == found.sha256:
            return store.locate(component, shipped)
    raise WeightsError(f"{prior} has no weights", "name a file of some")


def joined(*terms: str) -> str:
    """Return all terms, each once."""
    return "; ".join(dict.fromkeys(filter(None, terms)))
