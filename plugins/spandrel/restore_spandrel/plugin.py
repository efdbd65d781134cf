"""Registration of the adapter."""

from __future__ import annotations

from restore.plugin import ModelSpec, hookimpl


@hookimpl
def restore_models() -> list[ModelSpec]:
    """One model, which is whatever its weights file holds. What is declared here holds until that is read."""
    return [
        ModelSpec(
            name="spandrel",
            factory="restore_spandrel.adapter:load",
            task="restoration",
            summary="Networks of others by their weights file: ESRGAN, SwinIR, HAT, DAT, LaMa ...",
            scale=None,
            channels=(1, 3),
            tiling="approximate",
            licence="Apache-2.0",
        )
    ]
