"""What holds of a built module: its descriptor, less what its options, its weights or a known degradation decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from restore.contracts import Model
from restore.errors import PluginError, RestoreError
from restore.plugin import ModelSpec
from restore.runtime.knowledge import Knowledge


def declared_by(module: Model, spec: ModelSpec, known: Knowledge | None = None) -> ModelSpec:
    """Return what holds of a built module, or where it knows a degradation. Raises PluginError if it makes no sense."""
    if known is None:
        return _answer(module, spec, "declared", module.declared, spec)
    informed = _answer(module, spec, "informed", module.informed, spec, known.degradation)
    return replace(informed, tiling="forbidden")


def _answer(module: Model, spec: ModelSpec, asked: str, ask: Callable[..., object], *given: object) -> ModelSpec:
    author = "this is a defect of the model's plugin; tell its authors"
    method = f"{type(module).__module__}.{type(module).__qualname__}.{asked}"
    try:
        declared = ask(*given)
    except RestoreError:
        raise
    except (TypeError, ValueError) as error:
        raise PluginError(f"what {spec.name} declares, once built, makes no sense: {error}", author) from error
    except Exception as error:
        raise PluginError(
            f"what {spec.name} declares, once built, is not known: {method} raised {type(error).__name__}: {error}",
            author,
        ) from error
    if not isinstance(declared, ModelSpec):
        raise PluginError(
            f"what {spec.name} declares, once built, is no ModelSpec: {method} returned {declared!r}",
            f"{author}: return dataclasses.replace(spec, ...)",
        )
    if declared.tiling == "exact" and declared.receptive_field is None:
        raise PluginError(
            f"{spec.name} declares exact tiling, and neither its ModelSpec nor the built module a receptive_field",
            f"{author}: self.receptive_field, or ModelSpec(..., receptive_field=...)",
        )
    return declared
